//! `homeward-desk`: reads the command line, calls the library, prints what came of it.

mod cli;
mod print;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use homeward_core::receipts::HoldAnswer;
use homeward_desk::error::{Error, Result};
use homeward_desk::home::Home;
use homeward_desk::receive::{Limits, Server};
use homeward_desk::store::Store;
use homeward_desk::{ask, brand, collect, files, init, keys, log, proofs, view};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use cli::{Brand, Cli, Command, Keys, Media};
use print::Printer;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer { json: cli.json };
    match run(cli, &printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::note(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, printer: &Printer) -> Result<()> {
    if let Command::VerifyReceipt { file, key } = &cli.command {
        let proven = proofs::check(file, key.as_deref())?;
        return printer.proven(&proven, key.is_some());
    }
    let Some(home) = cli.home else {
        Cli::command().error(ErrorKind::MissingRequiredArgument, "--home DIR is needed").exit()
    };
    let home = Home::at(home);
    match cli.command {
        Command::Init { name, host } => printer.made(&init::init(&home, &name, &host)?),
        Command::Brand(Brand::New { dir }) => {
            brand::make_source(&home, &dir)?;
            printer.print(
                &json!({ "made": brand::FILE }),
                "made brand.toml: change its url, then build it",
            )
        }
        Command::Brand(Brand::Check { dir }) => printer.checked(&brand::check(&home, &dir)?),
        Command::Brand(Brand::Build { dir, out }) => {
            printer.pack(&brand::build(&home, &dir, &out)?)
        }
        Command::Collect { store } => {
            let mirrors =
                store.iter().map(|folder| Store::at(folder)).collect::<Result<Vec<_>>>()?;
            printer.collected(&collect::collect(&home, &mirrors)?)
        }
        Command::Ask { report, text, media } => {
            let media = media.map(|media| match media {
                Media::Send => HoldAnswer::Send,
                Media::Drop => HoldAnswer::Drop,
            });
            let question = ask::ask(&home, &report, text.as_deref(), media)?;
            printer.print(&json!({ "question": question }), "the next `collect` puts it out")
        }
        Command::Log { verify: false, .. } => printer.log(&log::entries(&home)?),
        Command::Log { receipt, .. } => {
            let checked = proofs::check_log(&home, receipt.as_deref())?;
            printer.log_checked(&checked)?;
            if checked.faults.is_empty() { Ok(()) } else { Err(Error::LogFaults) }
        }
        Command::VerifyReceipt { .. } => Ok(()),
        Command::Keys(Keys::Export) => {
            let exported = keys::export(&home)?;
            printer.print(&json!({ "identities": exported.list }), &exported.text)
        }
        Command::List => printer.list(&view::list(&home)?),
        Command::Show { report } => printer.report(&view::show(&home, &report)?),
        Command::Files { report, to, sealed } => {
            printer.files(&files::write(&home, &report, &to, sealed)?)
        }
        Command::Receive { listen, max_part, max_store } => {
            let limits = Limits { part_bytes: max_part, store_bytes: max_store };
            receive(&home, listen, limits, printer)
        }
    }
}

/// Serves until it is told to stop.
fn receive(home: &Home, listen: SocketAddr, limits: Limits, printer: &Printer) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::io("start"))?.block_on(async {
        let server = Server::bind(home, listen, limits, Arc::new(print::note)).await?;
        let stop = stop()?;
        let url = format!("https://{}", server.address()?);
        printer.print(&json!({ "listening": url }), &format!("listening on {url}"))?;
        server.run(stop).await;
        Ok(())
    })
}

/// Done at SIGTERM or Ctrl-C.
fn stop() -> Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).map_err(Error::io("wait for signals"));
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
