use std::collections::BTreeMap;

use super::ConfigKind;

/// What a run gets under one name, and what of the same name it hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective<T> {
    pub wins: T,
    /// The strongest first.
    pub hides: Vec<T>,
}

/// Decides between elements of one name. `elements` come with the strongest first, and `name` tells
/// kind and name; a variable and a file never hide each other. Variables come first, then files, by
/// name.
pub fn effective<T>(
    elements: impl IntoIterator<Item = T>,
    name: impl Fn(&T) -> (ConfigKind, String),
) -> Vec<Effective<T>> {
    let mut all: BTreeMap<(ConfigKind, String), Effective<T>> = BTreeMap::new();
    for element in elements {
        match all.entry(name(&element)) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(Effective {
                    wins: element,
                    hides: vec![],
                });
            }
            std::collections::btree_map::Entry::Occupied(mut taken) => {
                taken.get_mut().hides.push(element);
            }
        }
    }
    all.into_values().collect()
}
