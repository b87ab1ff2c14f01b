fn main() {
    println!("this is one");
}
