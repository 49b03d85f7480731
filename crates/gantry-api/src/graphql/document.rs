//! What is done to the text of a document before it is executed: the one repair that a client
//! needs, and the limits that the schema does not know of.

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection};

/// Fields selected under another name, over the whole document. Floods of aliases are how one
/// request is made to do the work of thousands.
const ALIASES: usize = 30;
/// Fields of the root, over all operations.
const ROOT_FIELDS: usize = 30;

/// What the metrics count it as.
pub fn class(document: &ExecutableDocument) -> &'static str {
    let mutates = document
        .operations
        .iter()
        .any(|(_, operation)| operation.node.ty == OperationType::Mutation);
    if mutates { "mutation" } else { "query" }
}

/// Takes out empty argument lists, `field()`, which are not GraphQL but which the public Terraform
/// provider sends (contract §0.1). String literals, block strings and comments are left alone.
pub fn without_empty_arguments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'"' if text[at..].starts_with("\"\"\"") => end_of_block_string(text, at),
            b'"' => end_of_string(bytes, at),
            b'#' => text[at..]
                .find(['\n', '\r'])
                .map_or(bytes.len(), |length| at + length),
            b'(' => match end_of_empty_list(bytes, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => at + 1,
            },
            _ => {
                let rest = &bytes[at + 1..];
                let plain = rest
                    .iter()
                    .take_while(|byte| !matches!(byte, b'"' | b'#' | b'('));
                at + 1 + plain.count()
            }
        };
        out.push_str(&text[at..end]);
        at = end;
    }
    out
}

/// The place behind the `)` when nothing but ignored characters stands before it.
fn end_of_empty_list(bytes: &[u8], open: usize) -> Option<usize> {
    let ignored = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',');
    let close = open
        + 1
        + bytes[open + 1..]
            .iter()
            .take_while(|byte| ignored(byte))
            .count();
    (bytes.get(close) == Some(&b')')).then_some(close + 1)
}

fn end_of_string(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            // A string ends at its line; what follows is the parser's to refuse.
            b'"' | b'\n' | b'\r' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_block_string(text: &str, open: usize) -> usize {
    let mut at = open + 3;
    while let Some(found) = text[at..].find("\"\"\"") {
        let close = at + found;
        if !text[..close].ends_with('\\') {
            return close + 3;
        }
        at = close + 3;
    }
    text.len()
}

/// Refuses documents made to cost more than they say.
pub fn within_limits(document: &ExecutableDocument) -> Result<(), String> {
    let mut aliases = 0;
    let mut roots = 0;
    for (_, operation) in document.operations.iter() {
        roots += operation.node.selection_set.node.items.len();
        aliases += count_aliases(&operation.node.selection_set.node.items);
    }
    for fragment in document.fragments.values() {
        aliases += count_aliases(&fragment.node.selection_set.node.items);
    }
    if roots > ROOT_FIELDS {
        return Err(format!(
            "the document selects {roots} fields of the root, {ROOT_FIELDS} are allowed: send \
             several documents"
        ));
    }
    if aliases > ALIASES {
        return Err(format!(
            "the document has {aliases} aliases, {ALIASES} are allowed: send several documents"
        ));
    }
    Ok(())
}

fn count_aliases(items: &[async_graphql::Positioned<Selection>]) -> usize {
    items
        .iter()
        .map(|item| match &item.node {
            Selection::Field(field) => {
                usize::from(field.node.alias.is_some())
                    + count_aliases(&field.node.selection_set.node.items)
            }
            Selection::InlineFragment(fragment) => {
                count_aliases(&fragment.node.selection_set.node.items)
            }
            Selection::FragmentSpread(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests;
