use super::*;

fn address(text: &str) -> ProxyAddress {
    ProxyAddress::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
}

fn masked(text: &str) -> Vec<String> {
    let masked = address(text).masked();
    masked
        .iter()
        .map(|secret| secret.expose_secret().to_owned())
        .collect()
}

#[test]
fn a_password_is_not_shown() {
    for (text, shown) in [
        ("http://proxy:3128", "http://proxy:3128"),
        ("https://proxy:3128/", "https://proxy:3128/"),
        (
            "http://ada:hunter2@proxy:3128",
            "http://ada:[redacted]@proxy:3128",
        ),
        (
            "http://ada:a@b:c@proxy:3128",
            "http://ada:[redacted]@proxy:3128",
        ),
        ("http://ada@proxy", "http://ada:[redacted]@proxy"),
    ] {
        assert_eq!(address(text).to_string(), shown);
        assert_eq!(format!("{:?}", address(text)), shown);
        assert_eq!(address(text).expose(), text);
    }
}

#[test]
fn what_is_masked_is_the_password_in_every_spelling() {
    assert_eq!(masked("http://proxy:3128"), Vec::<String>::new());
    assert_eq!(masked("http://ada@proxy:3128"), Vec::<String>::new());
    assert_eq!(
        masked("http://ada:p%40ss%2@proxy:3128"),
        ["ada:p%40ss%2", "p%40ss%2", "p@ss%2"]
    );
}

#[test]
fn anything_else_is_refused_without_being_named() {
    for text in [
        "",
        "proxy:3128",
        "ada:hunter2@proxy:3128",
        "socks5://proxy:1080",
        "http://",
        "http://ada:hunter2@",
        "http://proxy:3128/path",
        "http://proxy 3128",
        "http://pro\"xy",
        "http://ada:hunter2\n@proxy",
    ] {
        let error = ProxyAddress::parse(text).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{text}");
    }
}
