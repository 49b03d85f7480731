use std::path::PathBuf;

use super::*;

#[test]
fn without_mirrors_only_direct_remains() {
    let text = ProviderInstallation::default().render(|_, host| host.to_path_buf());
    assert_eq!(
        text,
        "disable_checkpoint = true\n\nprovider_installation {\n  direct {\n  }\n}\n"
    );
}

#[test]
fn mirrors_are_named_where_the_child_sees_them() {
    let all = |place: &str| Patterns {
        include: vec![place.to_owned()],
        exclude: Vec::new(),
    };
    let installation = ProviderInstallation {
        filesystem_mirrors: vec![Mirror {
            place: PathBuf::from("/srv/providers"),
            patterns: all("registry.terraform.io/hashicorp/*"),
        }],
        network_mirrors: vec![Mirror {
            place: "https://mirror.example.com/x/".to_owned(),
            patterns: Patterns::default(),
        }],
        direct: Some(Patterns {
            include: Vec::new(),
            exclude: vec!["*/\"*/*".to_owned()],
        }),
    };
    let text = installation.render(|n, _| PathBuf::from(format!("/opt/m/{n}")));
    assert_eq!(
        text,
        r#"disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path = "/opt/m/0"
    include = ["registry.terraform.io/hashicorp/*"]
  }
  network_mirror {
    url = "https://mirror.example.com/x/"
  }
  direct {
    exclude = ["*/\"*/*"]
  }
}
"#
    );
}
