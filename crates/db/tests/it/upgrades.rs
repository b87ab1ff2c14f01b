//! What holds while servers of two versions run on one database.

use std::{fs, path::Path};

use paas_db::accounts;

use crate::world::World;

#[tokio::test]
async fn a_column_that_a_newer_server_adds_breaks_no_prepared_statement() {
    let world = World::new().await;
    let mut db = world.db().pool().acquire().await.unwrap();
    assert!(accounts::by_id(&mut *db, world.owner).await.unwrap().is_some());
    sqlx::query("alter table accounts add column newer text").execute(world.db().pool()).await.unwrap();
    assert!(accounts::by_id(&mut *db, world.owner).await.unwrap().is_some());
    drop(db);
    world.end().await;
}

/// The one above is only about one table.
#[test]
fn every_statement_names_its_columns() {
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = file.unwrap().path();
        let Ok(code) = fs::read_to_string(&path) else { continue };
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let all = ["select *", "returning *", ".*"].into_iter().find(|all| line.contains(all));
            assert_eq!(all, None, "{}: {line}", path.display());
        }
    }
}
