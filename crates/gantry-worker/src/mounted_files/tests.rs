use gantry_core::protocol::WireSecret;
use secrecy::ExposeSecret as _;

use super::*;

fn file(path: &str, content: &[u8], masked: bool) -> MountedFile {
    MountedFile {
        path: path.into(),
        content: WireSecret::new(STANDARD.encode(content)),
        masked,
    }
}

#[test]
fn files_lie_in_the_checkout_or_beside_it() {
    let files = [
        file("source/a/b.tf", b"1", false),
        file("sources", b"2", true),
        file("kube/config", b"3", true),
    ];
    let decoded = MountedFiles::decode(&files).unwrap();
    let shown = |files: &[File]| -> Vec<(String, Vec<u8>)> {
        let one = |file: &File| (file.path.display().to_string(), file.content.to_vec());
        files.iter().map(one).collect()
    };
    assert_eq!(
        shown(&decoded.in_source),
        [("a/b.tf".into(), b"1".to_vec())]
    );
    assert_eq!(
        shown(&decoded.beside),
        [
            ("sources".into(), b"2".to_vec()),
            ("kube/config".into(), b"3".to_vec())
        ]
    );
    assert!(!format!("{decoded:?}").contains("51"), "{decoded:?}");
}

#[test]
fn a_server_that_sends_nonsense_is_not_obeyed() {
    for path in ["../x", "/etc/x", "source/../../x", "plan/tfplan"] {
        assert!(MountedFiles::decode(&[file(path, b"", false)]).is_err());
    }
    let mut broken = file("a", b"", false);
    broken.content = WireSecret::new("?");
    assert!(MountedFiles::decode(&[broken]).is_err());
}

#[test]
fn secret_files_are_masked_as_far_as_there_is_room() {
    let long = "ä".repeat(40_000);
    let files = [
        file("plain", b"not masked", false),
        file("key", b"one\ntwo", true),
        file("binary", &[0xff, 0xfe, 0xfd], true),
        file("long", long.as_bytes(), true),
        file("more", b"one more", true),
    ];
    let (secrets, notices) = secrets(&files);
    let has = |text: &str| secrets.iter().any(|s| s.expose_secret() == text);
    assert!(has("one\ntwo") && has("//79") && has(&long[..65_524]));
    assert!(!has("not masked") && !has("one more"));
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("the secret file long is too large: only its first 65525"));
}
