//! How the hand-written types, all of which are strings on the wire, look in TypeScript and OpenAPI.

/// TypeScript and OpenAPI see the type as a string. OpenAPI counts characters where the contract counts bytes, so
/// `maximum` is a bound that no valid text passes, and the check in the type is the stricter one.
macro_rules! described_as_string {
    ($type:ty, minimum: $min:expr, maximum: $max:expr $(, format: $format:literal)?) => {
        #[cfg(feature = "ts")]
        impl ts_rs::TS for $type {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                "string".to_owned()
            }

            fn inline(config: &ts_rs::Config) -> String {
                <Self as ts_rs::TS>::name(config)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .min_length(Some($min))
                    .max_length(Some($max))
                    $(.format(Some(utoipa::openapi::schema::SchemaFormat::Custom($format.to_owned()))))?
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $type {}
    };
}

pub(crate) use described_as_string;
