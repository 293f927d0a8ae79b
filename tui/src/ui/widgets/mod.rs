//! The widgets of the screens.

pub(crate) mod field;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod table;
pub(crate) mod text;
