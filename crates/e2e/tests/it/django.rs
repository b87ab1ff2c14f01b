//! An app as teams bring it from Heroku: docs/django.md goes the same way.

use crate::harness::{Database, Platform, Repo, eventually, files_of_example, seconds};

/// There are two parcels for Ada.
const MIGRATION_THAT_FAILS: &str = r#"from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("parcels", "0001_initial")]
    operations = [migrations.AlterField("parcel", "recipient", models.CharField(max_length=100, unique=True))]
"#;

/// Matrix: Python | pip | Django with psycopg2 (compiled), Pillow and lxml behind nginx and PgBouncer; its migrations; a Celery worker
#[test]
fn django_with_a_worker_is_pushed_migrated_and_served_behind_nginx_and_pgbouncer() {
    let platform = Platform::start();
    let database = Database::start(&platform.directory);
    let repo = Repo::create(&platform, "shop", false);
    for buildpack in ["heroku/apt", "heroku/python", "heroku/nginx", "heroku/pgbouncer"] {
        platform.paas(&["buildpacks:add", buildpack, "--app", "shop"]).ok();
    }
    let url = format!("DATABASE_URL={}", database.url);
    platform.paas(&["config:set", "SECRET_KEY=as long as it is secret", &url, "--app", "shop"]).ok();
    repo.commit(files_of_example("python-django-celery"));

    let shown = repo.push().ok();
    for line in [
        "Building wheel for psycopg2",
        "-----> $ python manage.py collectstatic --noinput",
        "       Procfile declares types -> release, web, worker",
        "  Applying parcels.0001_initial... OK",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains(&database.url), "{shown}");
    platform.answers("shop", "none yet");
    let page = platform.get("shop", "/");
    assert_eq!(page.headers["server"], "nginx");
    let text = "At http://shop.localhost/, with the database at 127.0.0.1:6000.";
    assert!(page.body.contains(text), "{}", page.body);

    let parcel = |grams| format!("<parcel><recipient>Ada</recipient><grams>{grams}</grams></parcel>");
    for (number, grams) in [("1\n", "1200"), ("2\n", "750")] {
        let answer = platform.post("shop", "/parcels", &parcel(grams));
        assert_eq!((answer.status, answer.body.as_str()), (201, number));
    }
    let refused = platform.post("shop", "/parcels", "<parcel>");
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("Premature end of data in tag parcel"), "{}", refused.body);
    platform.answers("shop", "Ada, 1200 g, no label yet");
    assert_eq!(platform.get("shop", "/parcels/1/label.png").status, 404);

    platform.paas(&["ps:scale", "worker=1", "--app", "shop"]).ok();
    eventually("both labels are drawn", seconds(60), || {
        (platform.get("shop", "/").ok().matches("label by worker.1</a>").count() == 2).then_some(())
    });
    let drawn = platform.get("shop", "/parcels/1/label.png");
    assert_eq!(drawn.headers["content-type"], "image/png");
    // 320 pixels wide, 96 high.
    assert!(drawn.ok().contains("PNG\r\n\u{1a}\n\0\0\0\rIHDR\0\0\u{1}@\0\0\0`"));
    assert_eq!(
        database.sql("select count(*), min(drawn_by) from parcels_parcel where label is not null"),
        "2|worker.1"
    );

    // Of the stack's library, not of one that a wheel has brought along.
    let linked = "ldd $(python -c 'import psycopg2._psycopg as module; print(module.__file__)')";
    let ran = platform.paas(&["run", "--app", "shop", "--", "sh", "-c", linked]).ok();
    assert!(ran.stdout.contains("libpq.so.5 => /lib/"), "{ran}");

    repo.commit([("parcels/migrations/0002_one_parcel_each.py", MIGRATION_THAT_FAILS)]);
    let shown = repo.push().ok();
    for line in [
        "-----> Using packages of the last build: requirements.txt has not changed",
        "Key (recipient)=(Ada) is duplicated.",
        "Waiting for release.... failed.",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let answer = platform.post("shop", "/parcels", &parcel("90"));
    assert_eq!((answer.status, answer.body.as_str()), (201, "3\n"), "what ran before runs");
    platform.answers("shop", "Ada, 90 g, <a href=\"/parcels/3/label.png\">label by worker.1</a>");
    let releases = platform.paas(&["releases", "--app", "shop"]).ok().stdout;
    assert!(releases.contains("Current: v4") && releases.contains(", release command failed"), "{releases}");

    platform.paas(&["ps:scale", "web=0", "worker=0", "--app", "shop"]).ok();
    eventually("its dynos have ended", seconds(60), || platform.dynos_of("shop").is_empty().then_some(()));
    let log = platform.logs("shop");
    for dyno in ["web.1", "worker.1"] {
        assert!(log.contains(&format!("heroku[{dyno}]: Process exited with status 0")), "{dyno} was let finish: {log}");
    }
}
