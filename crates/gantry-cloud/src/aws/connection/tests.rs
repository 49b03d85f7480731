use super::*;

#[test]
fn a_partition_is_served_by_its_own_region() {
    for (partition, region) in [
        (Some("aws"), "us-east-1"),
        (Some("aws-cn"), "cn-north-1"),
        (Some("aws-us-gov"), "us-gov-west-1"),
        (None, "us-east-1"),
        (Some("nonsense"), "us-east-1"),
    ] {
        assert_eq!(region_of_partition(partition), region, "{partition:?}");
    }
}
