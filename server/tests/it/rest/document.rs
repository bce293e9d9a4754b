//! The OpenAPI document, held against the server that serves it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::actor::Actor;
use crate::support::TestServer;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

async fn document(server: &TestServer) -> Value {
    Actor::anonymous(server).get("/api/v1/openapi.json").await.expect(200)
}

/// A path of the document with something in the place of its parameters.
fn example(path: &str) -> String {
    path.replace("{roomId}", "hall").replace("{userId}", "ann").replace("{id}", "some")
}

#[tokio::test]
async fn the_server_answers_what_the_document_says_and_no_other_method() {
    let server = TestServer::start(&[]).await;
    let document = document(&server).await;
    let nobody = Actor::anonymous(&server);
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let answer = nobody.call(&method.to_uppercase(), &example(path), None).await;
            if item.get(method).is_some() {
                assert!(![404, 405].contains(&answer.status), "{method} {path}: {}", answer.body);
            } else {
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn every_operation_says_what_it_is_and_how_it_fails() {
    let server = TestServer::start(&[]).await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}: an id twice");
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty() && !summary.contains('`'), "{at}: {summary:?}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{at}");
            let mut names = BTreeSet::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
                assert!(names.insert(name), "{at}: {name:?} twice");
                assert!(parameter["description"].is_string(), "{at}: {name:?}");
            }
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(names.contains(&("path", part)), "{at}: {part}");
            }
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with(['1', '2'])), "{at}");
            for (status, response) in responses {
                assert!(!response["description"].as_str().unwrap().is_empty(), "{at} {status}");
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                if !status.starts_with(['1', '2']) && at != "get /readyz" {
                    assert_eq!(problem, "#/components/schemas/Problem", "{at} {status}");
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_the_document_refers_to_stands_in_it() {
    let server = TestServer::start(&[]).await;
    let document = document(&server).await;
    let (mut open, mut seen) = (vec![&document], 0);
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    seen += 1;
                }
                open.extend(object.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(seen > 20, "{seen}");
    for scheme in ["bearer", "token", "ticket", "cookie"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
}
