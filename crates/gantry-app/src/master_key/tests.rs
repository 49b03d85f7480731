use std::os::unix::fs::PermissionsExt as _;

use super::*;

const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "/////////////////////////////////////////w8=";

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_file_is_private_and_comes_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let file = MasterKeyFile::new(&path);
    file.create().unwrap();
    let made = file.read().unwrap();
    // A second start finds it.
    file.create().unwrap();
    let read = file.read().unwrap();
    assert_eq!(made.names(), read.names());
    assert_eq!(*made.first().derive("x"), *read.first().derive("x"));
    assert_ne!(*made.first().derive("x"), *made.first().derive("y"));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_lost_file_is_not_replaced_silently() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let error = MasterKeySource::File(path).read().err().unwrap();
    assert!(
        error.contains("is missing") && error.contains("lost"),
        "{error}"
    );
}

#[test]
fn keys_are_read_one_to_a_line_or_with_commas() {
    for text in [
        format!("{ONE}\n{OTHER}\n"),
        format!(" {ONE} , {OTHER}"),
        format!("{ONE}\n{OTHER}\n{ONE}\n"),
    ] {
        let keys = MasterKeys::parse(&text).unwrap();
        assert_eq!(keys.names().len(), 2, "{text}");
        assert_eq!(keys.first().name(), MasterKey::parse(ONE).unwrap().name());
    }
    for (text, says) in [
        ("", "there is no master key"),
        ("\n", "there is no master key"),
        ("AAAA", "3 bytes instead of 32"),
        ("hello!", "not base64"),
    ] {
        let error = MasterKeys::parse(text).err().unwrap();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn the_file_is_replaced_as_a_whole_and_stays_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    std::fs::write(&path, ONE).unwrap();
    let link = dir.path().join("link.key");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    // What a killed predecessor left is in nobody's way.
    std::fs::write(dir.path().join("master.key.new"), "half").unwrap();
    let file = MasterKeyFile::new(&link);
    let keys = file.prepare(MasterKey::parse(OTHER).unwrap()).unwrap();
    assert_eq!(keys.names().len(), 2);
    assert_eq!(keys.first().name(), MasterKey::parse(OTHER).unwrap().name());
    assert!(link.is_symlink());
    assert_eq!(mode(&path), 0o600);
    assert!(!dir.path().join("master.key.new").exists());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{OTHER}\n{ONE}\n"));

    // Preparing the same key again changes nothing.
    file.prepare(MasterKey::parse(OTHER).unwrap()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

    file.finish().unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("{OTHER}\n")
    );
}

#[test]
fn a_data_key_opens_only_under_its_own_id_and_master_key() {
    let [one, other] = [ONE, OTHER].map(|text| MasterKey::parse(text).unwrap());
    let wrapped = one.wrap("a", &[7; 32]);
    assert_eq!(*one.unwrap("a", &wrapped).unwrap(), [7; 32]);
    assert!(one.unwrap("b", &wrapped).is_none());
    assert!(other.unwrap("a", &wrapped).is_none());
    assert_ne!(one.name(), other.name());
}
