//! A data source that runs an attack when it is read and shows what came of it.

use std::borrow::Cow;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tf_provider::schema::{Attribute, AttributeConstraint, AttributeType, Block, Schema};
use tf_provider::value::{ValueEmpty, ValueString};
use tf_provider::{DataSource, Diagnostics, map};

/// The attack: its configuration as JSON in, its report out.
pub struct Attack(pub fn(&str) -> anyhow::Result<String>);

#[derive(Serialize, Deserialize)]
pub struct State<'a> {
    #[serde(borrow = "'a")]
    config: ValueString<'a>,
    #[serde(borrow = "'a")]
    report: ValueString<'a>,
}

#[async_trait]
impl DataSource for Attack {
    type State<'a> = State<'a>;
    type ProviderMetaState<'a> = ValueEmpty;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        let attribute = |constraint| Attribute {
            attr_type: AttributeType::String,
            constraint,
            ..Default::default()
        };
        Some(Schema {
            version: 1,
            block: Block {
                attributes: map! {
                    "config" => attribute(AttributeConstraint::Optional),
                    "report" => attribute(AttributeConstraint::Computed),
                },
                ..Default::default()
            },
        })
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: State<'a>,
        _: ValueEmpty,
    ) -> Option<State<'a>> {
        let config = match state.config.as_str() {
            "" => "{}".to_owned(),
            text => text.to_owned(),
        };
        let attack = self.0;
        let report = tokio::task::spawn_blocking(move || attack(&config)).await;
        match report.map_err(anyhow::Error::from).flatten() {
            Ok(report) => Some(State {
                report: ValueString::Value(Cow::Owned(report)),
                ..state
            }),
            Err(error) => {
                diags.root_error_short(format!("{error:#}"));
                None
            }
        }
    }
}
