//! What goes back and forth after a report: messages, replies, recalls, receipts.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use homeward_core::receipts::Receipt;
use homeward_core::seal::RecallReason;
use homeward_core::{Message, MessageFrom, QrModules};
use serde_json::{Value, json};

use crate::commands::{Done, Phone, report_id};
use crate::json;
use crate::output::Problem;

impl Phone<'_> {
    pub(crate) fn messages(&self, id: &str) -> Done {
        let messages = self.core.messages(report_id(id)?)?;
        let json = messages.iter().map(message).collect::<Value>();
        self.output.tell(&json, || {
            let line = |message: &Message| match message.from {
                MessageFrom::Organisation { answered: false, .. } => format!("? {}", message.text),
                MessageFrom::Organisation { answered: true, .. } => format!("- {}", message.text),
                MessageFrom::Person { .. } => format!("> {}", message.text),
            };
            messages.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }

    pub(crate) fn reply(&self, id: &str, text: &str) -> Done {
        let sealed = self.core.reply(report_id(id)?, text)?;
        self.output.tell(&json::sealed(&sealed), || "sealed, waiting to be sent".into())
    }

    pub(crate) fn recall(&self, id: &str, why: &str) -> Done {
        let why = RecallReason::from_word(why)
            .ok_or(Problem::Usage("a report is recalled as found, withdrawn or mistake"))?;
        let sealed = self.core.recall(report_id(id)?, why)?;
        self.output.tell(&json::sealed(&sealed), || {
            "sealed, and first in the queue. Nothing was deleted".into()
        })
    }

    pub(crate) fn receipt(&self, id: &str, to: Option<&Path>, qr: bool) -> Done {
        let id = report_id(id)?;
        if let Some(to) = to {
            let proof = self.core.proof(id)?;
            let partial = to.with_extension("partial");
            let mut file = File::create(&partial)?;
            file.write_all(&proof)?;
            file.sync_all()?;
            fs::rename(&partial, to)?;
            return self.output.tell(&json!({ "proof": id }), || "saved".into());
        }
        if qr {
            let code = self.core.proof_qr(id)?;
            let json = json!({ "side": code.side, "dark": code.dark });
            return self.output.tell(&json, || drawn(&code));
        }
        let receipt = self.core.receipt(id)?;
        let json = receipt.as_ref().map_or(Value::Null, said);
        self.output.tell(&json, || serde_json::to_string_pretty(&json).unwrap_or_default())
    }
}

fn message(message: &Message) -> Value {
    let (from, question, answered) = match message.from {
        MessageFrom::Organisation { question, answered } => {
            ("organisation", Some(question), Some(answered))
        }
        MessageFrom::Person { question } => ("person", question, None),
    };
    json!({
        "from": from,
        "question": question,
        "answered": answered,
        "text": message.text,
        "at_ms": message.at_ms,
    })
}

fn said(receipt: &Receipt) -> Value {
    json!({
        "sequence": receipt.sequence,
        "signed_at_ms": receipt.signed_at_ms,
        "opened": receipt.opened,
        "forwarded": receipt.forwarded,
        "missing": receipt.missing,
        "refused": receipt.refused,
        "log_head": receipt.log_head,
        "hold": receipt.hold,
    })
}

/// Two modules to a character, on a terminal of dark letters: what is dark is drawn.
fn drawn(code: &QrModules) -> String {
    let dark = |x: usize, y: usize| y < code.side && code.dark[y * code.side + x];
    let line = |y: usize| {
        let cell = |x| match (dark(x, y), dark(x, y + 1)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        };
        (0..code.side).map(cell).collect::<String>()
    };
    (0..code.side).step_by(2).map(line).collect::<Vec<_>>().join("\n")
}
