//! MessagePack, as far as values of a backend's configuration need it.

use serde_json::{Map, Number, Value};

const DEEPEST: usize = 32;

/// The value, or `None` for anything odd: extensions (values unknown until apply), binary, a name
/// that is there twice, trailing bytes.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Value> {
    let value = value(&mut bytes, 0)?;
    bytes.is_empty().then_some(value)
}

fn value(bytes: &mut &[u8], depth: usize) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let first = take(bytes, 1)?[0];
    Some(match first {
        0x00..=0x7f => Value::from(first),
        0x80..=0x8f => map(bytes, usize::from(first & 0x0f), depth)?,
        0x90..=0x9f => array(bytes, usize::from(first & 0x0f), depth)?,
        0xa0..=0xbf => text(bytes, usize::from(first & 0x1f))?,
        0xc0 => Value::Null,
        0xc2 => Value::Bool(false),
        0xc3 => Value::Bool(true),
        0xca => float(f64::from(f32::from_be_bytes(
            take(bytes, 4)?.try_into().ok()?,
        )))?,
        0xcb => float(f64::from_be_bytes(take(bytes, 8)?.try_into().ok()?))?,
        0xcc..=0xcf => Value::from(number(bytes, 1 << (first - 0xcc))?),
        0xd0 => Value::from(i8::from_be_bytes(take(bytes, 1)?.try_into().ok()?)),
        0xd1 => Value::from(i16::from_be_bytes(take(bytes, 2)?.try_into().ok()?)),
        0xd2 => Value::from(i32::from_be_bytes(take(bytes, 4)?.try_into().ok()?)),
        0xd3 => Value::from(i64::from_be_bytes(take(bytes, 8)?.try_into().ok()?)),
        0xd9..=0xdb => {
            let length = number(bytes, 1 << (first - 0xd9))?;
            text(bytes, usize::try_from(length).ok()?)?
        }
        0xdc | 0xdd => {
            let length = number(bytes, 2 << (first - 0xdc))?;
            array(bytes, usize::try_from(length).ok()?, depth)?
        }
        0xde | 0xdf => {
            let length = number(bytes, 2 << (first - 0xde))?;
            map(bytes, usize::try_from(length).ok()?, depth)?
        }
        0xe0..=0xff => Value::from(first.cast_signed()),
        _ => return None,
    })
}

fn map(bytes: &mut &[u8], length: usize, depth: usize) -> Option<Value> {
    let mut all = Map::new();
    for _ in 0..length {
        let Value::String(name) = value(bytes, depth + 1)? else {
            return None;
        };
        if all.insert(name, value(bytes, depth + 1)?).is_some() {
            return None;
        }
    }
    Some(Value::Object(all))
}

fn array(bytes: &mut &[u8], length: usize, depth: usize) -> Option<Value> {
    let mut all = Vec::new();
    for _ in 0..length {
        all.push(value(bytes, depth + 1)?);
    }
    Some(Value::Array(all))
}

fn text(bytes: &mut &[u8], length: usize) -> Option<Value> {
    let text = std::str::from_utf8(take(bytes, length)?).ok()?;
    Some(Value::String(text.to_owned()))
}

fn float(value: f64) -> Option<Value> {
    Number::from_f64(value).map(Value::Number)
}

fn number(bytes: &mut &[u8], length: usize) -> Option<u64> {
    Some(
        take(bytes, length)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    )
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
