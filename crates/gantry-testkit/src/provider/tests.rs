use super::*;

#[test]
fn a_report_comes_back_from_a_log() {
    let wrapped = needle(r#"{"finds":[]}"#);
    let log = format!("  + report = \"REPORT-{wrapped}-END\"\nREPORT-zz-END REPORT-");
    assert_eq!(reports(&log), [serde_json::json!({"finds": []})]);
}
