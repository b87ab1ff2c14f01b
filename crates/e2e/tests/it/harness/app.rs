//! Apps that cost a build of a second: plain Python from the stack, and the inline buildpack.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Answers with its version, its config var GREETING and its dyno; `/slow` takes 200 to 500 ms for it. After SIGTERM it
/// finishes what it has begun and takes nothing new, as apps should.
pub(crate) const SERVER: &str = r#"
import http.server, os, random, signal, sys, threading, time

version = open("VERSION").read().strip()
busy, lock = 0, threading.Lock()
stopping = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global busy
        with lock:
            busy += 1
        if self.path == "/slow":
            time.sleep(random.uniform(0.2, 0.5))
        body = f"version={version} greeting={os.environ.get('GREETING', '')} dyno={os.environ['DYNO']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        with lock:
            busy -= 1

    def log_message(self, *args):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

def stop(*args):
    stopping.set()

signal.signal(signal.SIGTERM, stop)
server = Server(("0.0.0.0", int(os.environ["PORT"])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening, version", version, flush=True)
stopping.wait()
server.socket.close()
while busy:
    time.sleep(0.01)
print("finished", flush=True)
os._exit(0)
"#;

pub(crate) const WEB: &str = "web: exec python3 server.py\n";

/// Every file of an app under `examples/`, by path.
pub(crate) fn files_of_example(name: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(!files.is_empty(), "there is no example {name}");
    files
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let entries = fs::read_dir(directory).expect("the checkout can be read");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the checkout can be read").path()).collect();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it is under the root").to_string_lossy().into_owned();
            files.push((name, fs::read(&path).expect("the checkout can be read")));
        }
    }
}
