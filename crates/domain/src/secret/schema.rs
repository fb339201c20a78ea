//! How the types that are written as text stand in the OpenAPI document.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::{Placement, Reference, Secret};

impl PartialSchema for Secret {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Password);
        let text = ObjectBuilder::new().schema_type(Type::String).format(Some(format)).write_only(true);
        text.description(Some("A value that is taken and never given back.")).into()
    }
}

impl PartialSchema for Placement {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.description(Some("How a secret is put into a request: `bearer`, `basic` or `header:NAME`."))
            .into()
    }
}

impl PartialSchema for Reference {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let said = "Where a value is looked up: `vault:MOUNT/PATH#FIELD`, `env:NAME` or `file:/PATH`.";
        text.description(Some(said)).into()
    }
}

impl ToSchema for Secret {}
impl ToSchema for Placement {}
impl ToSchema for Reference {}
