fn main() {
    println!("this is two");
}
