use paas_builder::BuildRequest;
use paas_model::{BuildId, ProcessType};
use uuid::Uuid;

use crate::bench::{Bench, app, config, folder, nowhere};

const POM: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>all</artifactId>\
                   <version>1.0</version><packaging>pom</packaging></project>";

/// Matrix: Java | Maven | a wrapper that calls `javac`, Java 21, no Procfile; Maven itself is not run
#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_mavens_wrapper_is_built_and_its_jar_answers_without_a_procfile() {
    let mut bench = Bench::new().await;
    let request = bench.request(folder("buildpacks/java/test/maven")).await;
    let done = bench.run(&request).await;
    for line in ["-----> Java app detected", "       $ ./mvnw -DskipTests clean dependency:list install"] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    assert_eq!(done.built().process_types[&ProcessType::web()], "java $JAVA_OPTS -jar target/server-1.0.jar");
    bench.env.insert("DATABASE_URL".into(), "postgres://me:pa%20ss@db.example.com:5433/main?sslmode=require".into());
    let answer = bench.get(done.built(), "/").await;
    let database = "jdbc:postgresql://db.example.com:5433/main?user=me&password=pa%20ss&sslmode=require";
    let (java, rest) = answer.split_once(", heap of ").unwrap();
    let (heap, rest) = rest.split_once(" MB, ").unwrap();
    assert_eq!((java, rest), ("Java 21", database));
    assert!((250..=310).contains(&heap.parse::<u32>().unwrap()), "of a dyno of 512 MB: {heap}");
    let trusted =
        bench.output(done.built(), "keytool -list -cacerts -storepass changeit | grep -c trustedCertEntry").await;
    let trusted: u32 = trusted.lines().last().unwrap().parse().unwrap();
    assert!(trusted > 100, "{trusted}");

    let (build_id, cache_digest) = (BuildId::from(Uuid::now_v7()), done.built().cache_digest.clone());
    let again = bench.run(&BuildRequest { build_id, cache_digest, ..request }).await;
    assert_eq!(again.built().layers, done.built().layers, "the same slug of the same source");
}

/// Matrix: Java | Gradle | a wrapper that calls `javac`, Java 25; Gradle itself is not run
#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_gradles_wrapper_runs_on_another_java() {
    let mut bench = Bench::new().await;
    let done = bench.build(folder("buildpacks/java/test/gradle")).await;
    for line in [
        "-----> Gradle app detected",
        "-----> Using OpenJDK 25 specified in system.properties",
        "       $ ./gradlew stage",
    ] {
        assert!(done.has_line(line), "{line}\n{}", done.transcript());
    }
    let answer = bench.get(done.built(), "/").await;
    assert!(answer.starts_with("Java 25, "), "{answer}");
}

/// Its plugins could not be had here, so it builds nothing.
/// Matrix: Java | Maven | Debian's, as far as it goes without its plugins
#[tokio::test(flavor = "multi_thread")]
async fn without_a_wrapper_debians_maven_runs() {
    let bench = Bench::new().await;
    let files = [("pom.xml", POM), ("README.md", ""), ("Procfile", "worker: sleep 1\n")];
    let mut request = bench.request(app(&files)).await;
    request.config = config(&[("MAVEN_CUSTOM_GOALS", "validate")]);
    let done = bench.run(&request).await;
    done.built();
    assert!(done.has_line("       Apache Maven 3.9.9"), "{}", done.transcript());
    assert!(done.has_line("       [INFO] BUILD SUCCESS"), "{}", done.transcript());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let mut bench = Bench::new().await;
    bench.config.mirrors.java = Some(nowhere());
    for (files, complaint) in [
        (
            [("pom.xml", POM), ("system.properties", "java.runtime.version=banana\n")],
            "Invalid Java version in system.properties: banana",
        ),
        ([("pom.xml", POM), ("system.properties", "java.runtime.version=1.8\n")], "Error: OpenJDK 8 could not be had."),
        ([("build.gradle", ""), ("system.properties", "")], "There is no gradlew in the root directory of the app."),
    ] {
        let rejected = bench.build(app(&files)).await.rejected();
        assert!(rejected.contains(complaint), "{complaint}\n{rejected}");
    }
}
