//! Scratch.
fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().expect("path");
    let text = std::fs::read_to_string(&path).expect("read");
    match arverify_protocol::language::parse(&path, &text) {
        Ok(document) => {
            if let Some(mode) = args.next() {
                if mode == "print" { print!("{document}"); } else {
                let assignments: Vec<(String,String)> = args.map(|a| { let (k,v)=a.split_once('=').expect("="); (k.to_owned(), v.to_owned()) }).collect();
                let assignments: Vec<(&str,&str)> = assignments.iter().map(|(k,v)|(k.as_str(),v.as_str())).collect();
                println!("{:#?}", document.resolve(&assignments).unwrap().body); }
            } else { println!("{path} ok: {} variants", document.variants().len()); }
        }
        Err(errors) => { if args.next().as_deref()==Some("places") { for e in &errors.list { let (l,c)=errors.source.line_column(e.span.start); println!("{l}:{c} {}", e.message); } std::process::exit(2) } println!("{}", errors.render(false)); std::process::exit(2) }
    }
}
