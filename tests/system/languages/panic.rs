// A program that panics.
fn main() {
    panic!("as asked");
}
