// What a Rust program asks of WASI; prints the same as tour.c.
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read};
use std::time::{Duration, Instant, SystemTime};

fn input() {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).unwrap();
    let mut words = BTreeMap::new();
    for word in text.split_whitespace() {
        *words.entry(word).or_insert(0) += 1;
    }
    println!("input: {} bytes", text.len());
    print!("words:");
    for (word, count) in &words {
        print!(" {}={}", word, count);
    }
    println!();
}

fn sorting() {
    let mut x = 1u32;
    let mut numbers: Vec<u32> = (0..200)
        .map(|_| {
            x = x.wrapping_mul(1664525).wrapping_add(1013904223);
            x >> 16
        })
        .collect();
    numbers.sort_unstable();
    println!("sorted: {} {} {}", numbers[0], numbers[100], numbers[199]);
}

fn arithmetic() {
    let mut hash = 14695981039346656037u64;
    let mut pi = 0.0;
    for i in 0..100000u64 {
        hash = (hash ^ (i & 255)).wrapping_mul(1099511628211);
        pi += if i % 2 == 0 { 4.0 } else { -4.0 } / (2 * i + 1) as f64;
    }
    println!("hash: {:016x}", hash);
    println!("pi: {:.9}", pi);
}

fn slept() -> bool {
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    before.elapsed() >= Duration::from_millis(20)
}

// Hash maps are seeded by random_get; the default hasher is not seeded.
fn is_random() -> bool {
    let seeded = RandomState::new().build_hasher().finish();
    seeded != DefaultHasher::new().finish()
}

fn yes(it_is: bool) -> &'static str {
    if it_is {
        "yes"
    } else {
        "no"
    }
}

fn main() {
    print!("arguments:");
    for argument in std::env::args().skip(1) {
        print!(" [{}]", argument);
    }
    println!();
    let greeting = std::env::var("GREETING");
    println!("environment: {}", greeting.as_deref().unwrap_or("none"));
    input();
    sorting();
    arithmetic();
    println!("slept: {}", yes(slept()));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    println!("after 2024: {}", yes(now.unwrap().as_secs() > 1704067200));
    println!("random: {}", yes(is_random()));
    let opened = std::fs::File::open("/etc/passwd").is_ok();
    println!("file: {}", if opened { "opened" } else { "refused" });
    eprintln!("done");
    std::process::exit(7);
}
