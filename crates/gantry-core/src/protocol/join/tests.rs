use super::*;

fn token() -> TokenJoin {
    TokenJoin {
        url: "https://gantry.example.com:7879".into(),
        authority: "-----BEGIN CERTIFICATE-----".into(),
        token: WorkerTokenId::new("01TOKEN"),
        secret: WireSecret::new("hunter2"),
    }
}

fn pool() -> PoolJoin {
    PoolJoin {
        url: "https://gantry.example.com:7879".into(),
        authority: "-----BEGIN CERTIFICATE-----".into(),
        pool: WorkerPoolId::new("01POOL"),
        certificate: "-----BEGIN CERTIFICATE-----".into(),
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let again = TokenJoin::decode(&format!(" {}\n", token().encode())).unwrap();
    assert_eq!(again.token, token().token);
    assert_eq!(again.secret.expose(), "hunter2");
    assert_eq!(PoolJoin::decode(&pool().encode()).unwrap(), pool());
}

#[test]
fn other_texts_are_refused_without_being_repeated() {
    let whole = token().encode();
    let cut = &whole[..whole.len() - 8];
    for text in ["", "hunter2", cut, &pool().encode()] {
        let error = TokenJoin::decode(text).unwrap_err().to_string();
        assert!(error.contains("gantry admin worker-token"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = PoolJoin::decode(&whole).unwrap_err().to_string();
    assert!(error.contains("`config` of a worker pool"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_secret_is_not_debugged() {
    assert!(!format!("{:?}", token()).contains("hunter2"));
}

#[test]
fn a_pool_from_before_there_was_a_gateway_says_what_to_do() {
    let join = PoolJoin {
        url: String::new(),
        ..pool()
    };
    let error = PoolJoin::decode(&join.encode()).unwrap_err().to_string();
    assert!(error.contains("reset the pool"), "{error}");
    assert!(error.contains("worker_gateway.listen"), "{error}");
}
