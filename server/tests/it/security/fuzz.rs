//! Every operation of the OpenAPI document with whatever may stand in a path, a query or a body: no answer is a
//! failure of the server, and every refusal is a problem.

use serde_json::{Map, Value, json};

use crate::rest::actor::durable;
use crate::support::client;
use crate::support::jwt::scoped;

/// Rounds over all operations.
const ROUNDS: u64 = 25;

/// Text that has broken something somewhere.
const TEXTS: [&str; 22] = [
    "",
    "general",
    "ann",
    "%00",
    "%ff%fe",
    "a%0d%0aSet-Cookie:%20x=1",
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1--",
    "%22%3b%20DROP%20TABLE%20rooms;--",
    "%25%25_%25",
    "-1",
    "0",
    "9007199254740992",
    "18446744073709551616",
    "1e309",
    "true",
    "null",
    "%f0%9f%92%a3",
    "%e2%80%ae",
    "${jndi:ldap://x}",
    "direct:1",
    "*",
];

/// A small generator, so that a seed says all.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn text(&mut self) -> String {
        if self.roll(20) == 0 { "x".repeat(5_000) } else { TEXTS[self.roll(TEXTS.len())].to_owned() }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!([-1, 0, 1, i64::MAX][self.roll(4)]),
            3 => json!(1e300),
            4 | 5 => {
                let text = self.text();
                let decoded = form_urlencoded::parse(text.as_bytes()).next();
                json!(decoded.map_or(text.clone(), |(key, _)| key.into_owned()))
            }
            6 => (0..self.roll(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                (0..self.roll(4)).map(|_| (self.text(), self.value(depth - 1))).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// The names of the fields that the operation's body has in the document.
fn fields(document: &Value, operation: &Value) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    schema["properties"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
}

async fn check(answer: reqwest::Response, asked: &str) {
    let status = answer.status().as_u16();
    assert!(status < 500, "{asked}: {status}: {}", answer.text().await.unwrap());
    if status >= 400 {
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{asked}");
        let problem = answer.text().await.unwrap();
        let known: Value = serde_json::from_str(&problem).unwrap();
        assert!(known["code"].is_string() && known["requestId"].is_string(), "{asked}: {problem}");
        for inside in ["sqlx", "SELECT", "src/", "panicked", env!("CARGO_PKG_VERSION")] {
            assert!(!problem.contains(inside), "{asked}: {inside} in {problem}");
        }
    }
}

#[tokio::test]
async fn s26_no_request_whatever_it_holds_is_answered_with_a_failure_of_the_server() {
    let (server, _folder) = durable().await;
    let document: Value = server.get("/api/v1/openapi.json", &[]).await.json().await.unwrap();
    let token = scoped("root", "notify admin");
    let client = client();
    let mut asked_in_all = 0;
    for seed in 1..=ROUNDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let mut at = path.clone();
                while let (Some(open), Some(close)) = (at.find('{'), at.find('}')) {
                    at.replace_range(open..=close, &dice.text());
                }
                let mut query = Vec::new();
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    let is_credential = ["token", "ticket"].contains(&name);
                    if parameter["in"] == "query" && !is_credential && dice.roll(2) == 0 {
                        query.push(format!("{name}={}", dice.text()));
                    }
                }
                let url = server.url(&format!("{at}?{}", query.join("&")));
                let Ok(method) = method.to_uppercase().parse() else { panic!("{method}") };
                let asked = format!("seed {seed}: {method} {url}");
                let mut request = client.request(method, &url).bearer_auth(&token);
                if operation["requestBody"].is_object() || path.contains("/realtime/") {
                    let mut body = Map::new();
                    for field in fields(&document, operation) {
                        if field != "waitMs" && dice.roll(4) != 0 {
                            body.insert(field, dice.value(3));
                        }
                    }
                    request =
                        if dice.roll(8) == 0 { request.json(&dice.value(3)) } else { request.json(&body) };
                }
                // The head of a stream's answer is enough.
                let answer = request.send().await.unwrap_or_else(|error| panic!("{asked}: {error}"));
                check(answer, &asked).await;
                asked_in_all += 1;
            }
        }
    }
    assert!(asked_in_all > 500, "{asked_in_all}");
    assert_eq!(server.get("/readyz", &[]).await.status(), 200);
}
