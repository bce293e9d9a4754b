//! Tokens: what counts, what never does, and keys that change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tidings_protocol::RoomId;
use tidings_server::auth::{Admission, AuthError, Authenticator, LocalUsedTickets, Principal};
use tidings_server::clock::{Clock, HeldClock};
use tidings_server::config::Config;

use crate::support::jwt::{self, claims_at, header, part, sign, sign_with};
use crate::support::{NOON, SECRET, TestServer};

async fn authenticator(flags: &[&str]) -> (Authenticator, HeldClock) {
    let config = Config::from_args(flags).unwrap();
    let (clock, held) = Clock::held_at(NOON);
    (Authenticator::new(&config.auth, clock, Arc::new(LocalUsedTickets::default())).await.unwrap(), held)
}

async fn with_secret(flags: &[&str]) -> (Authenticator, HeldClock) {
    authenticator(&[&["--jwt-secret", SECRET], flags].concat()).await
}

fn good() -> Value {
    claims_at("ann", NOON)
}

fn but(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn noon() -> i64 {
    NOON.as_millis() / 1000
}

#[tokio::test]
async fn s15_claims_that_do_not_say_enough_or_say_it_wrongly_are_refused() {
    let (auth, _) = with_secret(&[]).await;
    let verify = |claims: &Value| auth.verify(&sign(&header("HS256"), claims));
    assert!(verify(&good()).is_ok());
    for (name, value) in [
        ("exp", Value::Null),
        ("exp", json!((noon() + 3600).to_string())),
        ("exp", json!(true)),
        ("exp", json!([noon() + 3600])),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!("two words")),
        ("sub", json!(7)),
        ("sub", json!("x".repeat(129))),
        ("nbf", Value::Null),
        ("nbf", json!((noon() - 60).to_string())),
        ("scope", json!(["admin"])),
        ("rooms", json!("general")),
        ("rooms", json!([1])),
        ("name", json!({})),
        ("iss", json!(1)),
        ("aud", json!({})),
    ] {
        assert_eq!(verify(&but(good(), name, value.clone())), Err(AuthError::Malformed), "{name}: {value}");
    }
    for name in ["exp", "sub"] {
        let mut without = good();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(verify(&without), Err(AuthError::Malformed), "without {name}");
    }
}

#[tokio::test]
async fn s15_time_is_checked_with_thirty_seconds_of_leeway_and_no_more() {
    let (auth, clock) = with_secret(&[]).await;
    let verify = |claims: &Value| auth.verify(&sign(&header("HS256"), claims)).map(|_| ());
    assert_eq!(verify(&but(good(), "exp", json!(noon() - 29))), Ok(()));
    assert_eq!(verify(&but(good(), "exp", json!(noon() - 30))), Err(AuthError::Expired));
    assert_eq!(verify(&but(good(), "exp", json!(-1))), Err(AuthError::Expired));
    assert_eq!(verify(&but(good(), "exp", json!(noon() as f64 + 0.5))), Ok(()));
    assert_eq!(verify(&but(good(), "nbf", json!(noon() + 30))), Ok(()));
    assert_eq!(verify(&but(good(), "nbf", json!(noon() + 31))), Err(AuthError::NotYet));
    let soon = but(good(), "exp", json!(noon() + 5));
    clock.advance(Duration::from_millis(34_999));
    assert_eq!(verify(&soon), Ok(()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(verify(&soon), Err(AuthError::Expired));
}

#[tokio::test]
async fn s15_issuer_and_audience_are_checked_where_they_are_set() {
    let (auth, _) = with_secret(&["--jwt-issuer", "https://id.example.com", "--jwt-audience", "chat"]).await;
    let verify = |iss: Value, aud: Value| {
        let claims = but(but(good(), "iss", iss), "aud", aud);
        auth.verify(&sign(&header("HS256"), &claims)).map(|_| ())
    };
    let iss = json!("https://id.example.com");
    assert_eq!(verify(iss.clone(), json!("chat")), Ok(()));
    assert_eq!(verify(iss.clone(), json!(["mail", "chat"])), Ok(()));
    assert_eq!(verify(iss.clone(), json!(["mail"])), Err(AuthError::Audience));
    assert_eq!(verify(json!("https://id.example.com.evil.tld"), json!("chat")), Err(AuthError::Issuer));
    assert_eq!(auth.verify(&sign(&header("HS256"), &good())), Err(AuthError::Issuer));
}

#[tokio::test]
async fn s15_forged_tokens_are_answered_with_401() {
    let server = TestServer::start_strict(&[]).await;
    let claims = jwt::claims("ann");
    let good = sign(&header("HS256"), &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut flipped = signature.to_owned().into_bytes();
    flipped[0] = if flipped[0] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let admin = but(claims.clone(), "scope", json!("admin"));
    let with = |name: &str, value: Value| sign(&but(header("HS256"), name, value), &claims);
    let hs512 = EncodingKey::from_secret(SECRET.as_bytes());
    let forged = [
        ("no signature", format!("{}.{}.", part(&header("none")), part(&claims))),
        ("alg none, signed", sign(&header("none"), &claims)),
        ("alg None", format!("{}.{}.", part(&header("None")), part(&claims))),
        ("alg missing", sign(&json!({ "typ": "JWT" }), &claims)),
        ("another hash", sign_with(&header("HS512"), &claims, &hs512, Algorithm::HS512)),
        ("alg of another family", sign(&header("RS256"), &claims)),
        ("empty key", sign_with(&header("HS256"), &claims, &EncodingKey::from_secret(b""), Algorithm::HS256)),
        ("one byte of the signature", format!("{message}.{flipped}")),
        ("other claims", format!("{}.{}.{signature}", part(&header("HS256")), part(&admin))),
        ("no signature at all", message.to_owned()),
        ("cut off", good[..good.len() - 2].to_owned()),
        ("a fourth part", format!("{good}.{signature}")),
        ("jku", with("jku", json!("https://evil.example.com/keys"))),
        ("jwk", with("jwk", json!({ "kty": "oct", "k": "QUFB" }))),
        ("x5u", with("x5u", json!("https://evil.example.com/cert"))),
        ("x5c", with("x5c", json!(["AAAA"]))),
        ("crit", with("crit", json!(["exp"]))),
        ("another type", with("typ", json!("logout+jwt"))),
        ("a ticket's type", with("typ", json!("tidings-ticket"))),
        ("oversize", sign(&header("HS256"), &but(claims.clone(), "pad", json!("x".repeat(8 * 1024))))),
        ("no JSON", format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode("{"), part(&claims))),
    ];
    for (what, token) in forged {
        let bearer = format!("Bearer {token}");
        let answer = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
        assert_eq!(answer.status(), 401, "{what}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "UNAUTHENTICATED", "{what}");
    }
    let traversal = with("kid", json!("../../../../dev/null"));
    for token in [good, traversal] {
        let bearer = format!("Bearer {token}");
        let answer = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
        assert_eq!(answer.status(), 200, "a kid names no file: by a secret it says nothing");
    }
}

#[tokio::test]
async fn s15_a_token_says_who_and_what_and_where() {
    let (auth, _) = with_secret(&[]).await;
    let claims = json!({
        "sub": "ann", "exp": noon() + 60, "name": "Ann\n Smith", "scope": "openid notify",
        "rooms": ["team:*", "lobby"],
    });
    let ann: Principal = auth.verify(&sign(&header("HS256"), &claims)).unwrap();
    assert_eq!((ann.user_id.as_str(), ann.display_name()), ("ann", "Ann Smith"));
    assert!(ann.scopes.notify && !ann.scopes.admin);
    let may = |room: &str| ann.may_join(&RoomId::new(room).unwrap());
    assert_eq!(
        (may("team:red"), may("lobby"), may("lobby2")),
        (Admission::Admitted, Admission::Admitted, Admission::Refused)
    );
    let bob = auth.verify(&sign(&header("HS256"), &claims_at("bob", NOON))).unwrap();
    assert_eq!(bob.may_join(&RoomId::new("lobby").unwrap()), Admission::ByMembership);
    assert_eq!(bob.display_name(), "bob");
}

/// Keys of an issuer, as a file and as what it signs with.
struct Issuer {
    folder: tempfile::TempDir,
    es256: EncodingKey,
    ed: EncodingKey,
    rs256: EncodingKey,
    jwks: Vec<Value>,
}

impl Issuer {
    fn new() -> Self {
        let es = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let rs = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = es.public_key().as_ref();
        let rsa = rs.public_key();
        let jwks = vec![
            json!({ "kty": "EC", "crv": "P-256", "kid": "es", "use": "sig", "x": b64(&point[1..33]), "y": b64(&point[33..]) }),
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": b64(ed.public_key().as_ref()) }),
            json!({ "kty": "RSA", "kid": "rs", "alg": "RS256",
                "n": b64(rsa.modulus().big_endian_without_leading_zero()),
                "e": b64(rsa.exponent().big_endian_without_leading_zero()) }),
            json!({ "kty": "EC", "crv": "P-521", "kid": "of another kind", "x": "AA", "y": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "kid": "for encryption", "use": "enc", "x": "AA", "y": "AA" }),
        ];
        let rs_pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&rs).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            es256: EncodingKey::from_ec_der(es.to_pkcs8v1().unwrap().as_ref()),
            ed: EncodingKey::from_ed_der(ed.to_pkcs8v1().unwrap().as_ref()),
            rs256: EncodingKey::from_rsa_der(&rsa_of_pkcs8(rs_pkcs8.as_ref())),
            jwks,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Writes the file with a time of change of its own.
    fn publish(&self, keys: &[Value], at: u64) -> PathBuf {
        write_private(&self.path(), &json!({ "keys": keys }).to_string());
        let file = std::fs::File::options().append(true).open(self.path()).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(at)).unwrap();
        self.path()
    }
}

/// The RSA key inside a PKCS #8 envelope: its last octet string.
fn rsa_of_pkcs8(der: &[u8]) -> Vec<u8> {
    // SEQUENCE { version, AlgorithmIdentifier, OCTET STRING { RSAPrivateKey } }: the inner SEQUENCE follows the
    // octet string's header of 4 bytes.
    let start = der.windows(2).skip(4).position(|pair| pair == [0x04, 0x82]).unwrap() + 4;
    der[start + 4..].to_vec()
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}

fn with_kid(alg: &str, kid: &str) -> Value {
    json!({ "alg": alg, "typ": "JWT", "kid": kid })
}

#[tokio::test]
async fn s15_each_key_of_a_file_counts_for_its_own_algorithm_and_no_other() {
    let issuer = Issuer::new();
    let path = issuer.publish(&issuer.jwks, 1);
    let (auth, _) = authenticator(&["--jwks-file", path.to_str().unwrap()]).await;
    let signed = |header: &Value, key: &EncodingKey, alg| auth.verify(&sign_with(header, &good(), key, alg));
    assert!(signed(&with_kid("ES256", "es"), &issuer.es256, Algorithm::ES256).is_ok());
    assert!(signed(&with_kid("EdDSA", "ed"), &issuer.ed, Algorithm::EdDSA).is_ok());
    assert!(signed(&with_kid("RS256", "rs"), &issuer.rs256, Algorithm::RS256).is_ok());
    assert!(signed(&header("ES256"), &issuer.es256, Algorithm::ES256).is_ok(), "the only one needs no name");

    let unknown = Err(AuthError::UnknownKey);
    assert_eq!(signed(&with_kid("RS512", "rs"), &issuer.rs256, Algorithm::RS512).map(|_| ()), unknown);
    assert_eq!(signed(&with_kid("PS256", "rs"), &issuer.rs256, Algorithm::PS256).map(|_| ()), unknown);
    assert_eq!(signed(&with_kid("ES256", "rs"), &issuer.es256, Algorithm::ES256).map(|_| ()), unknown);
    assert_eq!(signed(&with_kid("ES256", "another"), &issuer.es256, Algorithm::ES256).map(|_| ()), unknown);
    assert_eq!(signed(&with_kid("EdDSA", "es"), &issuer.ed, Algorithm::EdDSA).map(|_| ()), unknown);

    // The public key, which everybody has, as the secret of an HMAC.
    let file = std::fs::read(&path).unwrap();
    let modulus = issuer.jwks[2]["n"].as_str().unwrap();
    for secret in [file.as_slice(), modulus.as_bytes(), &URL_SAFE_NO_PAD.decode(modulus).unwrap()] {
        let key = EncodingKey::from_secret(secret);
        for kid in ["rs", "es"] {
            assert_eq!(signed(&with_kid("HS256", kid), &key, Algorithm::HS256).map(|_| ()), unknown);
        }
    }
    assert_eq!(auth.verify(&sign(&header("HS256"), &good())).map(|_| ()), unknown, "another server's secret");
}

#[tokio::test]
async fn s16_keys_change_with_their_file_and_a_broken_file_changes_nothing() {
    let issuer = Issuer::new();
    let [es, ed, ..] = issuer.jwks.as_slice() else { panic!("two keys") };
    let path = issuer.publish(std::slice::from_ref(es), 1);
    let (auth, _) = authenticator(&["--jwks-file", path.to_str().unwrap()]).await;
    let by_es = sign_with(&with_kid("ES256", "es"), &good(), &issuer.es256, Algorithm::ES256);
    let by_ed = sign_with(&with_kid("EdDSA", "ed"), &good(), &issuer.ed, Algorithm::EdDSA);
    assert!(auth.verify(&by_es).is_ok() && auth.verify(&by_ed).is_err());

    issuer.publish(&[es.clone(), ed.clone()], 2);
    auth.refresh_keys().await;
    assert!(auth.verify(&by_es).is_ok() && auth.verify(&by_ed).is_ok(), "old and new side by side");

    write_private(&path, "{");
    auth.refresh_keys().await;
    assert!(auth.verify(&by_es).is_ok() && auth.verify(&by_ed).is_ok(), "a broken file");

    issuer.publish(std::slice::from_ref(ed), 3);
    auth.refresh_keys().await;
    assert!(auth.verify(&by_es).is_err() && auth.verify(&by_ed).is_ok(), "a removed key is refused");
}

#[test]
fn s28_a_key_file_that_is_unsafe_or_useless_is_refused_at_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let issuer = Issuer::new();
    let refused = |keys: &[Value]| {
        let path = issuer.publish(keys, 1);
        Config::from_args(["--jwks-file", path.to_str().unwrap()]).unwrap_err().to_string()
    };
    let private = but(issuer.jwks[0].clone(), "d", json!("AAAA"));
    assert!(refused(&[private]).contains("private"));
    assert!(refused(&[json!({ "kty": "oct", "kid": "s", "k": "QUFB" })]).contains("symmetric"));
    let weak = but(issuer.jwks[2].clone(), "n", json!(URL_SAFE_NO_PAD.encode([0xff; 128])));
    assert!(refused(&[weak]).contains("2048"));
    assert!(refused(&issuer.jwks[3..]).contains("holds no key"));
    assert!(refused(&[]).contains("holds no key"));

    let path = issuer.publish(&issuer.jwks, 1);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let open = Config::from_args(["--jwks-file", path.to_str().unwrap()]).unwrap_err().to_string();
    assert!(open.contains("chmod go-w"), "{open}");
}

/// An address with keys: answers each request with what stands in the file then, and counts them.
async fn publisher(path: PathBuf) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let serve = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        let text = std::fs::read_to_string(&path).map_err(|_| http::StatusCode::NOT_FOUND);
        async move { text }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/keys", axum::routing::get(serve));
    let gate = tidings_server::config::Config::from_args(["--dev"]).unwrap();
    let metrics = Arc::new(tidings_server::metrics::Metrics::new());
    let gate = tidings_server::accept::Gate::new(
        &gate.listen,
        tidings_server::limits::Connections::at_most(64),
        Arc::default(),
        metrics,
        tidings_server::drain::Drain::new(Duration::ZERO),
    );
    tokio::spawn(async move { gate.serve(listener.into(), router).await });
    (url, asked)
}

#[tokio::test]
async fn s16_keys_come_from_an_address_too_and_a_flood_of_unknown_ones_does_not_ask_for_each() {
    let issuer = Issuer::new();
    let [es, ed, ..] = issuer.jwks.as_slice() else { panic!("two keys") };
    let path = issuer.publish(std::slice::from_ref(es), 1);
    let (url, asked) = publisher(path.clone()).await;
    let (auth, _) = authenticator(&["--jwks-url", &url]).await;
    let by_es = sign_with(&with_kid("ES256", "es"), &good(), &issuer.es256, Algorithm::ES256);
    let by_ed = sign_with(&with_kid("EdDSA", "ed"), &good(), &issuer.ed, Algorithm::EdDSA);
    assert!(auth.verify(&by_es).is_ok());
    assert_eq!(auth.verify(&by_ed), Err(AuthError::UnknownKey));

    issuer.publish(&[es.clone(), ed.clone()], 2);
    let auth = Arc::new(auth);
    let fresh = tokio::spawn({
        let auth = Arc::clone(&auth);
        async move { auth.keep_keys_fresh().await }
    });
    tokio::task::yield_now().await;
    tokio::time::pause();
    for _ in 0..1000 {
        assert!(auth.verify(&by_ed).is_err());
    }
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "not asked again so soon");
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    while auth.verify(&by_ed).is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "a thousand tokens, one question");
    fresh.abort();

    std::fs::remove_file(&path).unwrap();
    auth.refresh_keys().await;
    assert!(auth.verify(&by_ed).is_ok(), "an address that fails changes nothing");
}

#[tokio::test]
async fn s28_an_address_without_keys_refuses_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = publisher(folder.path().join("nothing")).await;
    let config = Config::from_args(["--jwks-url", &url]).unwrap();
    let used = Arc::new(LocalUsedTickets::default());
    let refused = Authenticator::new(&config.auth, Clock::system(), used).await.unwrap_err().to_string();
    assert!(refused.contains(&url) && refused.contains("404"), "{refused}");
    let unsafe_ = Config::from_args(["--jwks-url", "http://id.example.com/keys"]).unwrap_err().to_string();
    assert!(unsafe_.contains("https://"), "{unsafe_}");
}
