//! What the document says, to check calls against and to answer them with.

use serde_json::{Map, Value, json};

/// The document.
pub struct Document(pub Value);

/// An operation of it.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub value: Value,
}

impl Document {
    pub fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            for (method, value) in item.as_object().unwrap() {
                operations.push(Operation {
                    id: value["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    value: value.clone(),
                });
            }
        }
        operations
    }

    /// The operation that a request is for.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let fits = |template: &str| {
            let (of, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
            of.len() == given.len()
                && of.iter().zip(&given).all(|(of, given)| of.starts_with('{') || of == given)
        };
        // `/api/events/stream` is no event.
        let mut found: Vec<_> =
            self.operations().into_iter().filter(|o| o.method == method && fits(&o.path)).collect();
        found.sort_by_key(|operation| operation.path.matches('{').count());
        found.into_iter().next()
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => &self.0["components"]["schemas"][reference.rsplit('/').next().unwrap()],
            None => schema,
        }
    }

    /// A value that the schema describes; with all that it may leave out, or without.
    pub fn sample(&self, schema: &Value, full: bool) -> Value {
        let schema = self.resolve(schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let wanted = |choice: &&Value| (choice["type"] == "null") != full;
            return self.sample(choices.iter().rev().find(wanted).unwrap_or(&choices[0]), full);
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.last().unwrap().clone();
        }
        if schema["type"].is_null() {
            return json!({ "of any": "form" });
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap();
        match kind {
            _ if schema["type"].is_array() && !full => Value::Null,
            "string" if schema["format"] == "date-time" => json!("2026-01-02T03:04:05.678901Z"),
            "string" => json!("text \"quoted\"\n"),
            "integer" if schema["format"] == "int64" => json!(4_000_000_000_u64),
            "integer" => json!(7),
            "boolean" => json!(true),
            "array" if full => json!([self.sample(&schema["items"], full)]),
            "array" => json!([]),
            "object" => Value::Object(self.sample_object(schema, full)),
            other => panic!("no sample of {other}"),
        }
    }

    fn sample_object(&self, schema: &Value, full: bool) -> Map<String, Value> {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties
            .filter(|(name, _)| full || required.contains(&json!(name)))
            .map(|(name, of)| (name.clone(), self.sample(of, full)))
            .collect()
    }

    /// Every variant of every enum with a tag, as a value of its own.
    pub fn variants(&self, name: &str) -> Vec<Value> {
        let choices = self.0["components"]["schemas"][name]["oneOf"].as_array().unwrap();
        choices.iter().map(|choice| self.sample(choice, true)).collect()
    }

    /// Checks that a value has what the schema asks for and nothing that it does not know.
    pub fn check(&self, place: &str, value: &Value, schema: &Value) {
        let schema = self.resolve(schema);
        let (Some(object), Some(properties)) = (value.as_object(), schema["properties"].as_object()) else {
            return;
        };
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(object.contains_key(required), "{place}: no `{required}` in {value}");
        }
        for (name, value) in object {
            let Some(of) = properties.get(name) else { panic!("{place}: the document knows no `{name}`") };
            self.check(place, value, of);
        }
    }
}
