use super::*;

/// From Terraform 1.11, on an output that is no terminal.
const SAID: &str = "\u{1b}[31m│\u{1b}[0m \u{1b}[0m
\u{1b}[31m│\u{1b}[0m \u{1b}[0m\u{1b}[0mError message: operation error S3: PutObject, https response error
\u{1b}[31m│\u{1b}[0m \u{1b}[0mStatusCode: 412, RequestID: 5f, api error PreconditionFailed: it is there
\u{1b}[31m│\u{1b}[0m \u{1b}[0mLock Info:
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  ID:        0c54b7ae-0837-738b-0ff9-136d6a233279
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Path:      states/a.tfstate
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Operation: OperationTypeApply
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Who:       gantry@gantry
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Version:   1.11.4
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Created:   2026-11-25 07:11:41.820576666 +0000 UTC
\u{1b}[31m│\u{1b}[0m \u{1b}[0m  Info:      \n\u{1b}[31m│\u{1b}[0m \u{1b}[0m
\u{1b}[31m│\u{1b}[0m \u{1b}[0mTerraform acquires a state lock to protect the state from being written
";

#[test]
fn the_lock_is_read_out_of_colours_and_frames() {
    let lock = BackendLock::parse(SAID).unwrap();
    assert_eq!(lock.id, "0c54b7ae-0837-738b-0ff9-136d6a233279");
    assert_eq!(lock.who.as_deref(), Some("gantry@gantry"));
    assert_eq!(lock.created_ms(), Some(1_795_590_701_820));
    assert_eq!(
        lock.removal("tofu"),
        "tofu force-unlock -force 0c54b7ae-0837-738b-0ff9-136d6a233279"
    );
}

#[test]
fn the_http_backend_names_the_lock_that_is_there_in_its_message() {
    let said = SAID.replace(
        "operation error S3: PutObject",
        "HTTP remote state already\n\u{1b}[31m│\u{1b}[0m \u{1b}[0mlocked: ID=abbf2365-3163\n│ ",
    );
    let lock = BackendLock::parse(&said).unwrap();
    assert_eq!(lock.id, "abbf2365-3163");
    // What is described is the lock that could not be made.
    assert_eq!((lock.who, lock.created), (None, None));
}

#[test]
fn what_is_no_word_of_a_shell_is_no_id() {
    for id in ["$(id)", "a b", "-force", "a;b", "é", ""] {
        let text = format!("Lock Info:\n  ID:        {id}\n  Who:       me\n");
        assert_eq!(BackendLock::parse(&text), None, "{id}");
    }
    let long = "a".repeat(LONGEST_VALUE + 1);
    assert_eq!(
        BackendLock::parse(&format!("Lock Info:\n  ID: {long}\n")),
        None
    );
}

#[test]
fn a_complaint_without_a_description_is_no_lock() {
    assert_eq!(BackendLock::parse("│ Error message: AccessDenied\n"), None);
    assert_eq!(BackendLock::parse("\u{1b}["), None);
}
