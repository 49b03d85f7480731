use super::*;

fn hooks(before: &[&str], after: &[&str]) -> PhaseHooks {
    let own = |list: &[&str]| list.iter().map(|hook| (*hook).to_owned()).collect();
    PhaseHooks {
        before: own(before),
        after: own(after),
    }
}

fn marks(lines: &[&str]) -> Marks {
    let mut marks = Marks::default();
    for line in lines {
        // In two pieces, as a pipe may deliver them.
        let (a, b) = line.split_at(line.len() / 2);
        marks.feed(a.as_bytes());
        marks.feed(b.as_bytes());
        marks.feed(b"\n");
    }
    marks
}

const BEFORE: HookName = HookName {
    when: When::Before,
    index: 0,
};
const AFTER: HookName = HookName {
    when: When::After,
    index: 0,
};

#[test]
fn the_script_joins_hooks_and_command() {
    let text = script(
        &hooks(&["export A=1", " "], &["echo 'done'"]),
        &["tool".into(), "it's".into()],
        &Steady::default(),
        true,
        true,
    );
    let expected = r#"{ echo 'before 0' >&9
export A=1

} && { /bin/sh -c 'echo "pid $$" >&9; exec "$@" 7<&- 8>&- 9>&-' sh 'tool' 'it'\''s'
gantry_status=$?
echo "command $gantry_status" >&9
[ "$gantry_status" -eq 0 ] || [ "$gantry_status" -eq 2 ]
} && { echo 'after 0' >&9
echo 'done'

} && { echo exports >&9; /usr/bin/env -0 >&8; }
gantry_status=$?
echo "end $gantry_status" >&9
exit "$gantry_status"
"#;
    assert_eq!(text, expected);
}

#[test]
fn steady_variables_reach_the_command_whatever_hooks_export() {
    let steady = Steady {
        set: vec!["ADDRESS"],
        unset: vec!["LOCK"],
    };
    let text = script(
        &hooks(&["export ADDRESS=elsewhere LOCK=on"], &[]),
        &["tool".into()],
        &steady,
        false,
        false,
    );
    let start = "gantry_steady_0=\"$ADDRESS\"\n{ echo 'before 0' >&9\n";
    assert!(text.starts_with(start), "{text}");
    let command = "} && { export ADDRESS=\"$gantry_steady_0\"\nunset LOCK\n/bin/sh -c 'echo \"pid";
    assert!(text.contains(command), "{text}");
}

#[test]
fn verdicts() {
    let both = hooks(&["x"], &["y"]);
    let two = hooks(&["x"], &["y", "z"]);
    let cases: &[(&PhaseHooks, &[&str], i32, Verdict)] = &[
        (
            &both,
            &["before 0", "pid 5", "command 0", "after 0", "end 0"],
            0,
            Verdict::Command(0),
        ),
        (
            &both,
            &["before 0", "pid 5", "command 2", "after 0", "end 0"],
            0,
            Verdict::Command(2),
        ),
        (
            &both,
            &["before 0", "pid 5", "command 1", "end 1"],
            1,
            Verdict::Command(1),
        ),
        (
            &both,
            &["before 0", "end 7"],
            7,
            Verdict::Failed {
                hook: BEFORE,
                status: 7,
                command: None,
            },
        ),
        (
            &both,
            &["before 0"],
            0,
            Verdict::EndedShell {
                hook: Some(BEFORE),
                status: 0,
                command: None,
            },
        ),
        (
            &both,
            &[],
            2,
            Verdict::EndedShell {
                hook: None,
                status: 2,
                command: None,
            },
        ),
        (
            &both,
            &["before 0", "pid 5", "command 0", "after 0", "end 3"],
            3,
            Verdict::Failed {
                hook: AFTER,
                status: 3,
                command: Some(0),
            },
        ),
        (
            &both,
            &["before 0", "pid 5", "command 0", "after 0"],
            0,
            Verdict::Command(0),
        ),
        (
            &two,
            &["before 0", "pid 5", "command 0", "after 0"],
            0,
            Verdict::EndedShell {
                hook: Some(AFTER),
                status: 0,
                command: Some(0),
            },
        ),
        // A forged mark: no command was started.
        (
            &both,
            &["before 0", "command 0"],
            0,
            Verdict::EndedShell {
                hook: Some(BEFORE),
                status: 0,
                command: None,
            },
        ),
        (&both, &["before 0", "pid 5"], 137, Verdict::Interrupted),
    ];
    for (hooks, lines, shell, expected) in cases {
        let verdict = marks(lines).verdict(hooks, true, true, false, *shell);
        assert_eq!(verdict, *expected, "{lines:?}");
    }
}

#[test]
fn hooks_alone_have_a_verdict_too() {
    let run = |lines: &[&str], shell| {
        marks(lines).verdict(&hooks(&["x"], &[]), false, false, false, shell)
    };
    assert_eq!(run(&["before 0", "end 0"], 0), Verdict::Command(0));
    assert_eq!(
        run(&["before 0", "end 1"], 1),
        Verdict::Failed {
            hook: BEFORE,
            status: 1,
            command: None
        }
    );
    assert_eq!(
        run(&["before 0"], 0),
        Verdict::EndedShell {
            hook: Some(BEFORE),
            status: 0,
            command: None
        }
    );
}

#[test]
fn the_running_command_is_known_only_while_it_runs() {
    assert_eq!(marks(&["before 0"]).running(), None);
    assert_eq!(marks(&["before 0", "pid 9"]).running(), Some(9));
    assert_eq!(marks(&["before 0", "pid 9", "command 0"]).running(), None);
}
