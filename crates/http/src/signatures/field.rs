//! Structured fields (RFC 8941) as they were sent: unlike the dictionary of the RFC, with every repeated name.
//!
//! Knows no meaning. Who reads decides what may come twice.

use std::convert::Infallible;

use http::{HeaderMap, HeaderName};
use sfv::{
    BareItem, BareItemFromInput, ItemSerializer, Key, KeyRef, ListSerializer, Parser, Version,
    visitor::{DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor},
};

/// Parameters in their order.
pub(super) type Parameters = Vec<(Key, BareItem)>;

/// A member of a dictionary.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Key,
    pub(super) value: Value,
    pub(super) parameters: Parameters,
}

/// What a member is.
#[derive(Debug)]
pub(super) enum Value {
    Item(BareItem),
    InnerList(Vec<Item>),
}

/// An item of an inner list.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) value: BareItem,
    pub(super) parameters: Parameters,
}

/// All lines of a field as one value (RFC 9110 section 5.2), each without white space around it; none without a line.
pub(super) fn combined(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = lines(headers, name).collect();
    (!lines.is_empty()).then(|| lines.join(b", ".as_slice()))
}

/// The lines of a field, each without white space around it.
pub(super) fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(|line| line.as_bytes().trim_ascii())
}

/// The members of a dictionary; none if the text is no dictionary.
pub(super) fn parse_dictionary(text: &[u8]) -> Option<Vec<Member>> {
    let parser = Parser::new(text).with_version(Version::Rfc8941);
    parser.parse_dictionary_with_visitor(Members::default()).ok()
}

/// An item with its parameters, as RFC 8941 section 4.1.3 writes it.
pub(super) fn serialize_item(value: &BareItem, parameters: &Parameters) -> String {
    ItemSerializer::new().bare_item(value).parameters(pairs(parameters)).finish()
}

/// An inner list with its parameters, as RFC 8941 section 4.1.1.1 writes it.
pub(super) fn serialize_inner_list(items: &[Item], parameters: &Parameters) -> String {
    let mut list = ListSerializer::new();
    let mut inner = list.inner_list();
    // Each call writes at once; what it gives back is the buffer.
    for item in items {
        let _ = inner.bare_item(&item.value).parameters(pairs(&item.parameters));
    }
    let _ = inner.finish().parameters(pairs(parameters));
    list.finish().unwrap_or_default()
}

/// A member's value with its parameters, without its name.
pub(super) fn serialize_value(member: &Member) -> String {
    match &member.value {
        Value::Item(value) => serialize_item(value, &member.parameters),
        Value::InnerList(items) => serialize_inner_list(items, &member.parameters),
    }
}

fn pairs(parameters: &Parameters) -> impl Iterator<Item = (&Key, &BareItem)> {
    parameters.iter().map(|(key, value)| (key, value))
}

#[derive(Default)]
struct Members(Vec<Member>);

/// The place of one member, filled while it is read.
struct MemberSlot<'a> {
    members: &'a mut Vec<Member>,
    name: Key,
}

/// The inner list of one member.
struct ItemsSlot<'a> {
    items: &'a mut Vec<Item>,
    parameters: &'a mut Parameters,
}

struct ItemSlot<'a>(&'a mut Vec<Item>);

struct ParametersSlot<'a>(&'a mut Parameters);

impl<'de> DictionaryVisitor<'de> for Members {
    type Out = Vec<Member>;
    type Error = Infallible;

    fn entry(&mut self, name: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Infallible> {
        Ok(MemberSlot { members: &mut self.0, name: name.to_owned() })
    }

    fn finish(self) -> Result<Vec<Member>, Infallible> {
        Ok(self.0)
    }
}

impl<'de> EntryVisitor<'de> for MemberSlot<'_> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        let member = Member { name: self.name, value: Value::InnerList(Vec::new()), parameters: Vec::new() };
        let member = self.members.push_mut(member);
        let slot = match &mut member.value {
            Value::InnerList(items) => Some(ItemsSlot { items, parameters: &mut member.parameters }),
            Value::Item(_) => None,
        };
        Ok(slot)
    }
}

impl<'de> ItemVisitor<'de> for MemberSlot<'_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        value: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        let member = Member { name: self.name, value: Value::Item(value.into()), parameters: Vec::new() };
        Ok(ParametersSlot(&mut self.members.push_mut(member).parameters))
    }
}

impl<'de> InnerListVisitor<'de> for ItemsSlot<'_> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(ItemSlot(self.items))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, Infallible> {
        Ok(ParametersSlot(self.parameters))
    }
}

impl<'de> ItemVisitor<'de> for ItemSlot<'_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        value: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        let item = self.0.push_mut(Item { value: value.into(), parameters: Vec::new() });
        Ok(ParametersSlot(&mut item.parameters))
    }
}

impl<'de> ParameterVisitor<'de> for ParametersSlot<'_> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItemFromInput<'de>) -> Result<(), Infallible> {
        self.0.push((key.to_owned(), value.into()));
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}
