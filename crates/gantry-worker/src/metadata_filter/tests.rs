use super::*;

#[test]
fn the_rules_reject_for_runs_alone() {
    let name = table_name("01J-worker/1");
    assert_eq!(name, "gantry_01J_worker_1");
    let expected = "\
add table inet gantry_01J_worker_1
delete table inet gantry_01J_worker_1
table inet gantry_01J_worker_1 {
\tchain output {
\t\ttype filter hook output priority -10; policy accept;
\t\tmeta skuid 700000-700999 ip daddr { 169.254.169.254, 169.254.170.2, 169.254.170.23 } reject
\t\tmeta skuid 700000-700999 ip6 daddr { fd00:ec2::254, fd00:ec2::23, fd20:ce::254, 64:ff9b::a9fe:a9fe } reject
\t}
}
";
    assert_eq!(ruleset(&name, UserRange::default()), expected);
}

#[test]
fn not_filtered_says_why() {
    let filter = MetadataFilter::NotFiltered {
        reason: "the worker is not root".to_owned(),
    };
    assert!(
        filter
            .to_string()
            .contains("not filtered (the worker is not root)"),
        "{filter}"
    );
    assert!(!filter.is_filtered());
}
