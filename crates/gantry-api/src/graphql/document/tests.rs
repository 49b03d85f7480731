use super::*;

#[test]
fn empty_argument_lists_go() {
    assert_eq!(
        without_empty_arguments("{awsIntegrations(){id,name}}"),
        "{awsIntegrations{id,name}}"
    );
    assert_eq!(without_empty_arguments("{a( , \n){b}}"), "{a{b}}");
}

#[test]
fn everything_else_stays() {
    for text in [
        "{stack(id:\"a()\"){id}}",
        "query($a:ID!$b:ID!){a(id:$a, b:$b){id}}",
        "{a # ()\n {b}}",
        "{a(text:\"\"\"one () \\\"\"\" () two\"\"\"){b}}",
        "{a(text:\"\\\"()\"){b}}",
        "{a(é:1)}",
        "\"",
        "\"\\",
        "\"\"\"",
        "(",
        "",
    ] {
        assert_eq!(without_empty_arguments(text), text);
    }
}

#[test]
fn floods_of_aliases_are_refused() {
    let many: String = (0..40).map(|n| format!("a{n}: id ")).collect();
    let document = async_graphql::parser::parse_query(format!("{{viewer{{{many}}}}}")).unwrap();
    assert!(within_limits(&document).unwrap_err().contains("40 aliases"));
}

#[test]
fn fragments_count_too() {
    let many: String = (0..40).map(|n| format!("a{n}: id ")).collect();
    let text = format!("{{viewer{{...f}}}} fragment f on User {{{many}}}");
    let document = async_graphql::parser::parse_query(text).unwrap();
    assert!(within_limits(&document).is_err());
}
