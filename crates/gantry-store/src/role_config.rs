//! How a role stands in a `config` column, for integrations and for legacy roles.

use gantry_core::credentials::duration::SessionDuration;
use gantry_core::credentials::role::{AssumedBy, Region, Role, RoleArn};
use serde::{Deserialize, Serialize};

use crate::{Row, StoreError, Value};

#[derive(Serialize, Deserialize)]
struct RoleConfig {
    role_arn: String,
    duration_seconds: i64,
    region: Option<String>,
    generate_credentials_in_worker: bool,
    custom_external_id: Option<String>,
    tag_sessions: bool,
}

pub(crate) fn to_value(role: &Role) -> Value {
    let (in_worker, custom_external_id) = match &role.assumed_by {
        AssumedBy::Server => (false, None),
        AssumedBy::Worker { custom_external_id } => (true, custom_external_id.clone()),
    };
    Value::json(&RoleConfig {
        role_arn: role.arn.as_str().to_owned(),
        duration_seconds: role.duration.seconds().into(),
        region: role
            .region
            .as_ref()
            .map(|region| region.as_str().to_owned()),
        generate_credentials_in_worker: in_worker,
        custom_external_id,
        tag_sessions: role.tag_sessions,
    })
}

pub(crate) fn from_row(row: &Row, column: &str) -> Result<Role, StoreError> {
    let config: RoleConfig = row.json(column)?;
    // Checked when it was written: a text that fails now was damaged since.
    let damaged = |value: String| StoreError::Column {
        column: column.to_owned(),
        value,
    };
    Ok(Role {
        arn: RoleArn::parse(&config.role_arn).map_err(|error| damaged(error.to_string()))?,
        duration: SessionDuration::new(config.duration_seconds)
            .map_err(|error| damaged(error.to_string()))?,
        region: config
            .region
            .as_deref()
            .map(Region::parse)
            .transpose()
            .map_err(|error| damaged(error.to_string()))?,
        assumed_by: if config.generate_credentials_in_worker {
            AssumedBy::Worker {
                custom_external_id: config.custom_external_id,
            }
        } else {
            AssumedBy::Server
        },
        tag_sessions: config.tag_sessions,
    })
}
