//! A schema's text, read into what can be compared.

use std::collections::BTreeMap;

use async_graphql_parser::types::{
    FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition,
};

/// By name.
pub type Schema = BTreeMap<String, Type>;

#[derive(Debug)]
pub struct Type {
    /// `type`, `input`, `enum`, `union` or `scalar`.
    pub kind: &'static str,
    pub description: Option<String>,
    /// Fields, members or values by name.
    pub members: BTreeMap<String, Member>,
}

#[derive(Debug)]
pub struct Member {
    /// The type of a field; empty for values and members of a union.
    pub ty: String,
    pub description: Option<String>,
    pub arguments: BTreeMap<String, Argument>,
}

#[derive(Debug)]
pub struct Argument {
    pub ty: String,
    pub required: bool,
}

pub fn parse(text: &str) -> Schema {
    let document = async_graphql_parser::parse_schema(text).expect("the schema's text is valid");
    let mut schema = Schema::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let definition = definition.node;
        let (kind, members) = match definition.kind {
            TypeKind::Scalar => ("scalar", BTreeMap::new()),
            TypeKind::Object(object) => (
                "type",
                object
                    .fields
                    .iter()
                    .map(|field| of_field(&field.node))
                    .collect(),
            ),
            TypeKind::Interface(interface) => (
                "interface",
                interface
                    .fields
                    .iter()
                    .map(|field| of_field(&field.node))
                    .collect(),
            ),
            TypeKind::Union(union) => (
                "union",
                union
                    .members
                    .iter()
                    .map(|name| plain(name.node.as_str(), None))
                    .collect(),
            ),
            TypeKind::Enum(values) => (
                "enum",
                values
                    .values
                    .iter()
                    .map(|value| {
                        let description = value.node.description.as_ref();
                        plain(
                            value.node.value.node.as_str(),
                            description.map(|text| text.node.clone()),
                        )
                    })
                    .collect(),
            ),
            TypeKind::InputObject(input) => (
                "input",
                input
                    .fields
                    .iter()
                    .map(|field| of_input(&field.node))
                    .collect(),
            ),
        };
        schema.insert(
            definition.name.node.to_string(),
            Type {
                kind,
                description: definition.description.map(|text| text.node),
                members,
            },
        );
    }
    schema
}

fn of_field(field: &FieldDefinition) -> (String, Member) {
    let arguments = field.arguments.iter().map(|argument| {
        let argument = &argument.node;
        let ty = argument.ty.node.to_string();
        let required = ty.ends_with('!') && argument.default_value.is_none();
        (argument.name.node.to_string(), Argument { ty, required })
    });
    (
        field.name.node.to_string(),
        Member {
            ty: field.ty.node.to_string(),
            description: field.description.as_ref().map(|text| text.node.clone()),
            arguments: arguments.collect(),
        },
    )
}

fn of_input(field: &InputValueDefinition) -> (String, Member) {
    (
        field.name.node.to_string(),
        Member {
            ty: field.ty.node.to_string(),
            description: field.description.as_ref().map(|text| text.node.clone()),
            arguments: BTreeMap::new(),
        },
    )
}

fn plain(name: &str, description: Option<String>) -> (String, Member) {
    (
        name.to_owned(),
        Member {
            ty: String::new(),
            description,
            arguments: BTreeMap::new(),
        },
    )
}
