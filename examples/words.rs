//! words: count the words of standard input and print the most frequent ones,
//! `words 5` the first five.
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let top = match std::env::args().nth(1) {
        None => 10,
        Some(arg) => arg.parse().unwrap_or_else(|_| {
            eprintln!("words: not a number: {arg}");
            std::process::exit(2)
        }),
    };
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;

    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_insert(0) += 1;
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    // A stable sort: words that are equally frequent stay in their order.
    rows.sort_by(|a, b| b.1.cmp(&a.1));

    let mut out = io::stdout().lock();
    for (word, count) in rows.into_iter().take(top) {
        writeln!(out, "{count:7} {word}")?;
    }
    Ok(())
}
