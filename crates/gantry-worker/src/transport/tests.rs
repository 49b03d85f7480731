use super::*;

#[test]
fn addresses_are_https_with_a_host_and_nothing_else() {
    assert_eq!(
        place("https://gantry.example.com:7879"),
        Some(("gantry.example.com".into(), 7879))
    );
    assert_eq!(
        place("https://gantry.example.com/"),
        Some(("gantry.example.com".into(), 443))
    );
    assert_eq!(place("https://[::1]:7879"), Some(("::1".into(), 7879)));
    for bad in [
        "",
        "gantry.example.com:7879",
        "http://gantry.example.com:7879",
        "https://gantry.example.com/path",
        "https://",
        "https:// x",
    ] {
        assert_eq!(place(bad), None, "{bad}");
    }
}

#[test]
fn what_can_t_be_read_is_named() {
    let server = |authority: &str, identity| Server::Elsewhere {
        url: "https://127.0.0.1:1".into(),
        authority: authority.into(),
        identity,
    };
    let token = |secret: &str| Identity::Token {
        id: gantry_core::ids::WorkerTokenId::new("01TOKEN"),
        secret: WireSecret::new(secret),
    };
    let error = |server| Transport::new(&server).err().unwrap().to_string();
    let said = error(server("no certificate", token("x")));
    assert!(said.starts_with("the authority's certificate"), "{said}");
    let said = error(server("", token("line\nbreak")));
    assert!(said.contains("token"), "{said}");
}
