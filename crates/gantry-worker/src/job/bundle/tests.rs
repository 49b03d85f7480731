use super::*;

#[test]
fn what_is_packed_is_unpacked() {
    let bundle = Bundle {
        plan: b"plan".to_vec(),
        lock_file: Some(b"lock".to_vec()),
        carried: vec![
            ("lambda.zip".into(), vec![0, 1, 2]),
            (
                PathBuf::from("d".repeat(60))
                    .join("e".repeat(90))
                    .join("x.zip"),
                vec![3],
            ),
        ],
    };
    assert_eq!(Bundle::unpack(&bundle.pack().unwrap()).unwrap(), bundle);
    let bare = Bundle {
        plan: b"p".to_vec(),
        ..Bundle::default()
    };
    assert_eq!(Bundle::unpack(&bare.pack().unwrap()).unwrap(), bare);
}

#[test]
fn other_entries_are_refused() {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    archive
        .append_data(&mut header, "main.tf", &b"x"[..])
        .unwrap();
    let refused = Bundle::unpack(&archive.into_inner().unwrap())
        .unwrap_err()
        .to_string();
    assert_eq!(refused, "the saved plan holds the unknown entry `main.tf`");
    assert!(matches!(Bundle::unpack(&[]), Err(BundleError::NoPlan)));
}
