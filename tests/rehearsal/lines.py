"""A reporter that prints, so that pytest shows what a rehearsal said when a test fails."""


class Lines:
    def say(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201

    def progress(self, what: str, done: int, total: int) -> None:
        if done == total:
            self.say(f"compiled {what}: {total} packages")
