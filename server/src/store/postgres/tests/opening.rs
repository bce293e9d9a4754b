//! Opening, and what is refused.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tidings_testbed::postgres::Database;

use super::super::{OpenError, Options, Postgres};
use super::{open, own_server};
use crate::store::conformance::kit::{Kit, room, user};
use crate::store::{Store, StoreError};

#[tokio::test]
async fn two_nodes_that_begin_one_database_at_once_share_one_log() {
    let database = Database::create().unwrap();
    let (one, two, three) = tokio::join!(open(&database), open(&database), open(&database));
    assert_eq!(one.epoch().await.unwrap(), two.epoch().await.unwrap());
    assert_eq!(one.epoch().await.unwrap(), three.epoch().await.unwrap());
}

#[tokio::test]
async fn what_is_no_url_of_postgresql_is_refused() {
    for url in ["", "sqlite://a.db", "mysql://h/d", "postgres://h:port/d", "postgres://h/d?sslmode=perhaps"] {
        let opened = Postgres::open(url, Options::default()).await;
        assert!(matches!(opened, Err(OpenError::Url(_))), "{url}: {opened:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let port = tidings_testbed::process::free_port().unwrap();
    let opened = Postgres::open(&format!("postgres://a@127.0.0.1:{port}/a"), Options::default()).await;
    assert!(matches!(opened, Err(OpenError::Store(StoreError::Unavailable(_)))), "{opened:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let database = Database::create().unwrap();
    let opened = Postgres::open(&format!("{}?sslmode=require", database.url()), Options::default()).await;
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("TLS"), "{error}");
}

#[tokio::test]
async fn tls_is_taken_and_a_certificate_of_somebody_else_is_not() {
    let (server, database) = own_server();
    server.stop_immediate().unwrap();
    let certificate = server.start_with_tls().unwrap();
    let (url, known) = (database.url(), certificate.display());
    for (mode, works) in [
        ("sslmode=require".into(), true),
        (format!("sslmode=verify-full&sslrootcert={known}"), true),
        (format!("sslmode=verify-ca&sslrootcert={known}"), true),
        ("sslmode=verify-full".into(), false),
    ] {
        let opened = Postgres::open(&format!("{url}?{mode}"), Options::default()).await;
        assert_eq!(opened.is_ok(), works, "{mode}: {opened:?}");
        if let Ok(store) = opened {
            let uses = "SELECT count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'tidings'";
            store.check().await.unwrap();
            assert_eq!(database.sql(uses).unwrap().trim(), "t", "{mode}");
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_database_that_would_lose_what_was_acknowledged_is_refused() {
    let database = Database::create().unwrap();
    for (setting, works) in
        [("off", false), ("local", false), ("remote_write", false), ("on", true), ("remote_apply", true)]
    {
        database
            .sql(&format!(
                "ALTER ROLE CURRENT_USER IN DATABASE {} SET synchronous_commit = {setting}",
                name(&database)
            ))
            .unwrap();
        let opened = Postgres::open(&database.url(), Options::default()).await;
        match opened {
            Ok(_) => assert!(works, "{setting}"),
            Err(OpenError::NotDurable(why)) => assert!(!works && why.contains(setting), "{why}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_is_promised_does_not_change_with_the_settings_of_the_server_while_a_node_runs() {
    let (_server, database) = own_server();
    let store = open(&database).await;
    store.check().await.unwrap();
    // Every write of a probe notes what its session is set to.
    database
        .sql(
            "CREATE TABLE seen (synchronous TEXT, isolation TEXT);
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO seen VALUES
                     (current_setting('synchronous_commit'), current_setting('transaction_isolation'));
                 RETURN NULL;
             END $$;
             CREATE TRIGGER sees AFTER INSERT ON probes EXECUTE FUNCTION see()",
        )
        .unwrap();
    for setting in ["synchronous_commit = off", "default_transaction_isolation = 'repeatable read'"] {
        database.sql(&format!("ALTER SYSTEM SET {setting}")).unwrap();
    }
    database.sql("SELECT pg_reload_conf()").unwrap();
    let begun = std::time::Instant::now();
    while database.sql("SHOW synchronous_commit").unwrap().trim() != "off" {
        assert!(begun.elapsed().as_secs() < 10);
    }
    store.check().await.unwrap();
    assert_eq!(database.sql("SELECT * FROM seen").unwrap().trim(), "on|read committed");
}

#[tokio::test]
async fn a_server_that_does_not_sync_is_refused() {
    let (server, database) = own_server();
    database.sql("ALTER SYSTEM SET fsync = off").unwrap();
    database.sql("SELECT pg_reload_conf()").unwrap();
    // What the server is started with wins over what it was told later.
    assert_eq!(database.sql("SHOW fsync").unwrap().trim(), "on");
    server.stop_immediate().unwrap();
    server.start_with(&["fsync=off"]).unwrap();
    let opened = Postgres::open(&database.url(), Options::default()).await;
    assert!(matches!(&opened, Err(OpenError::NotDurable(why)) if why.contains("fsync")), "{opened:?}");
}

#[tokio::test]
async fn an_older_node_opens_a_database_of_a_later_one() {
    let database = Database::create().unwrap();
    let store = open(&database).await;
    Kit::new(&store).public("general", &["ann"]).await;
    database
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of a later version', true, '', 0);
             ALTER TABLE rooms ADD COLUMN topic TEXT",
        )
        .unwrap();
    let again = open(&database).await;
    assert_eq!(Kit::after(&again, 9).say("ann", "general", "hi").await.seq, Some(1));
    // And while there is more to do for it, too.
    database.sql("DELETE FROM _sqlx_migrations WHERE version = 1").unwrap();
    let opened = Postgres::open(&database.url(), Options::default()).await;
    assert!(matches!(opened, Err(OpenError::Schema(_))), "the table is there already: {opened:?}");
}

#[tokio::test]
async fn a_role_that_may_only_read_and_write_rows_is_enough_once_the_tables_are_there() {
    let database = Database::create().unwrap();
    open(&database).await;
    let role = format!("{}_app", name(&database));
    database
        .sql(&format!(
            "CREATE ROLE {role} LOGIN;
             REVOKE ALL ON SCHEMA public FROM PUBLIC;
             GRANT USAGE ON SCHEMA public TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let store = Postgres::open(&url, Options::default()).await.unwrap();
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    kit.tell("ann", "bob", "hi").await;
    kit.notify("ann", "hi").await;
    kit.broadcast("hi").await;
    store.check().await.unwrap();
    store.close().await;
    database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let database = Database::create().unwrap();
    let store = open(&database).await;
    store.close().await;
    assert!(matches!(store.epoch().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_restored_dump_holds_everything_and_its_log_goes_on() {
    let (old, new) = (Database::create().unwrap(), Database::create().unwrap());
    let store = open(&old).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann", "bob"]).await;
    for n in 0..5 {
        kit.say("ann", "general", &format!("{n}")).await;
    }
    let dump = old.dump().unwrap();
    new.restore(&dump).unwrap();
    let restored = open(&new).await;
    let log = store.log(&room("general"), 0, 9).await.unwrap();
    assert_eq!(restored.log(&room("general"), 0, 9).await.unwrap(), log);
    assert_eq!(Kit::after(&restored, 50).say("bob", "general", "on").await.seq, Some(6));
    assert!(restored.room(&room("general"), &user("bob")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_node_that_hangs_in_a_transaction_does_not_hold_the_others_for_long() {
    let database = Database::create().unwrap();
    let options = Options { timeout: std::time::Duration::from_secs(1), ..Options::default() };
    let store = Postgres::open(&database.url(), options).await.unwrap();
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let mut hung = PgConnection::connect(&database.url()).await.unwrap();
    hung.execute("SET idle_in_transaction_session_timeout = 1000; BEGIN; SELECT * FROM rooms FOR UPDATE")
        .await
        .unwrap();
    let begun = std::time::Instant::now();
    let taken = loop {
        let append = kit.in_room("ann", "general", crate::store::conformance::kit::text("hi"));
        match store.commit(vec![crate::store::Write::Append(append)]).await {
            Ok(outcomes) => break outcomes,
            Err(StoreError::Unavailable(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(begun.elapsed().as_secs() < 10);
    };
    assert!(taken[0].is_ok());
}

fn name(database: &Database) -> String {
    database.url().rsplit('/').next().unwrap().to_owned()
}
