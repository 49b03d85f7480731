use gantry_app::rfc3339;
use gantry_core::audit::AuditEvent;
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Jsonl,
}

impl Format {
    pub(super) fn of(file: &str) -> Option<Self> {
        match file {
            "events.csv" => Some(Format::Csv),
            "events.jsonl" => Some(Format::Jsonl),
            _ => None,
        }
    }

    pub(super) const fn mime(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Jsonl => "application/x-ndjson",
        }
    }

    pub(super) const fn disposition(self) -> &'static str {
        match self {
            Format::Csv => "attachment; filename=\"audit-events.csv\"",
            Format::Jsonl => "attachment; filename=\"audit-events.jsonl\"",
        }
    }

    pub(super) const fn head(self) -> &'static str {
        match self {
            Format::Csv => {
                "at,id,action,actor,actor_name,space,target_kind,target_id,target_name,stack,run,details\r\n"
            }
            Format::Jsonl => "",
        }
    }

    /// Adds the line of one event.
    pub(super) fn line(self, event: &AuditEvent, text: &mut String) {
        let at = rfc3339(event.at);
        match self {
            Format::Jsonl => {
                let line = json!({
                    "at": at, "timestampMs": event.at, "id": event.id, "action": event.action,
                    "actor": event.actor.id, "actorName": event.actor.name, "space": event.space,
                    "targetKind": event.target.kind, "targetId": event.target.id,
                    "targetName": event.target.name, "stack": event.stack, "run": event.run,
                    "details": event.details,
                });
                text.push_str(&line.to_string());
                text.push('\n');
            }
            Format::Csv => {
                let details = serde_json::Value::Object(event.details.clone()).to_string();
                let or_empty = |value: Option<&str>| value.unwrap_or_default().to_owned();
                let fields = [
                    at,
                    event.id.clone(),
                    event.action.clone(),
                    event.actor.id.clone(),
                    event.actor.name.clone(),
                    or_empty(event.space.as_ref().map(|space| space.as_str())),
                    event.target.kind.clone(),
                    event.target.id.clone(),
                    or_empty(event.target.name.as_deref()),
                    or_empty(event.stack.as_ref().map(|stack| stack.as_str())),
                    or_empty(event.run.as_ref().map(|run| run.as_str())),
                    details,
                ];
                let fields: Vec<String> = fields.iter().map(|field| csv(field)).collect();
                text.push_str(&fields.join(","));
                text.push_str("\r\n");
            }
        }
    }
}

/// One field. What a spreadsheet would take for a formula gets an apostrophe before it: names are
/// strangers' texts.
fn csv(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_field_is_neither_split_nor_a_formula() {
        for (field, shown) in [
            ("plain", "\"plain\""),
            ("", "\"\""),
            ("a,\"b\"\r\nc", "\"a,\"\"b\"\"\r\nc\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("@x", "\"'@x\""),
            ("a=b", "\"a=b\""),
        ] {
            assert_eq!(csv(field), shown);
        }
    }
}
