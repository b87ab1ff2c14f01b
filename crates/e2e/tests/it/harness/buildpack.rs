//! A buildpack that builds need not download from far away: it runs the app's own `bin/compile`, if there is one.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::Arc,
};

use super::{ports::own_address, run::run};

const SCRIPTS: [(&str, &str); 3] = [
    ("detect", "echo Inline"),
    ("compile", "if [[ -x $1/bin/compile ]]; then exec \"$1/bin/compile\" \"$@\"; fi"),
    ("release", "echo '--- {}'"),
];

/// Serves it to build containers until the test process ends; gives the URL, and where that is.
pub(crate) fn serve(scratch: &Path) -> (String, String) {
    let archive = Arc::new(archive(scratch));
    let listener = TcpListener::bind("0.0.0.0:0").expect("some port is free");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let archive = archive.clone();
            // A client that goes away is its own business.
            std::thread::spawn(move || drop(answer(stream, &archive)));
        }
    });
    let address = format!("{}:{port}", own_address());
    (format!("http://{address}/inline.tgz"), address)
}

fn answer(stream: TcpStream, archive: &[u8]) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut stream = reader.into_inner();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", archive.len())?;
    stream.write_all(archive)
}

fn archive(scratch: &Path) -> Vec<u8> {
    let root = scratch.join("inline");
    let bin = root.join("bin");
    fs::create_dir_all(&bin).expect("the scratch directory is ours");
    for (name, text) in SCRIPTS {
        let path = bin.join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\n{text}\n")).expect("the scratch directory is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }
    let file = scratch.join("inline.tgz");
    run(Command::new("tar").arg("-C").arg(&root).arg("-czf").arg(&file).arg("bin")).ok();
    fs::read(file).expect("tar has just written it")
}
