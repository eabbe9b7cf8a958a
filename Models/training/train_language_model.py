"""Trains the language model on the King James Bible.

    OMP_NUM_THREADS=1 nice /usr/bin/python3 train_language_model.py [--steps N] [--work work]

Needs the Debian packages python3-torch, bible-kjv, bible-kjv-text, and libopenblas0-pthread (without it torch falls
back to the reference BLAS, which is 15 times slower). Every step draws its windows and its dropout from a seed of the step
alone, and the learning rate is constant until the decay begins: a run that is resumed, or resumed with another number
of steps before the decay began, ends exactly as an uninterrupted one with that number.
"""
import argparse
import dataclasses
import math
import os
import time

import torch
from torch.nn import functional

import corpus
from language_model import Configuration, LanguageModel
from tokenizer import BEGIN, END, Tokenizer

SEED = 1611
TOKENS_PER_STEP = 4096
SHORT, LONG = 256, 512        # window lengths: the first while the rate is constant, the second during the decay
WARM_UP = 100
MATRIX_RATE, OTHER_RATE = 0.02, 0.004
MOMENTUM = 0.95
WEIGHT_DECAY = 0.1


class Muon:
    """Momentum whose update is made orthogonal by a Newton–Schulz iteration (Jordan et al., 2024); for matrices only.

    It needs about half the steps of AdamW here, and costs a few per cent of a step.
    """

    def __init__(self, parameters):
        self.parameters = list(parameters)
        self.momenta = [torch.zeros_like(p) for p in self.parameters]

    @staticmethod
    def orthogonal(matrix):
        wide = matrix.shape[0] <= matrix.shape[1]
        x = matrix if wide else matrix.t()
        x = x / (x.norm() + 1e-7)
        for _ in range(5):
            gram = x @ x.t()
            x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
        return x if wide else x.t()

    @torch.no_grad()
    def step(self, rate):
        for parameter, momentum in zip(self.parameters, self.momenta):
            momentum.lerp_(parameter.grad, 1 - MOMENTUM)
            update = self.orthogonal(parameter.grad.lerp(momentum, MOMENTUM))
            scale = math.sqrt(max(1.0, parameter.shape[0] / parameter.shape[1]))
            parameter.mul_(1 - rate * WEIGHT_DECAY).add_(update, alpha=-rate * scale)


class Windows:
    """Cuts training windows that look like a session: the begin token, then text from the start of some verse."""

    def __init__(self, chapters, tokenizer):
        stream, self.starts = [], []
        for chapter in chapters:
            stream.append(BEGIN)
            for index, verse in enumerate(chapter):
                first = tokenizer.segment(" " + verse)
                if index == 0:
                    stream.extend(first)
                else:
                    stream.extend(tokenizer.segment("\n" + verse))
                self.starts.append((first, len(stream)))
            stream.append(END)
        self.stream = torch.tensor(stream)
        # A window may not run over the end of the stream.
        self.starts = [s for s in self.starts if s[1] + LONG + 1 < len(stream)]

    def batch(self, step, length):
        generator = torch.Generator().manual_seed(SEED * 1_000_003 + step)
        rows = []
        for choice in torch.randint(len(self.starts), (TOKENS_PER_STEP // length,), generator=generator).tolist():
            first, following = self.starts[choice]
            head = torch.tensor([BEGIN] + first)
            rows.append(torch.cat((head, self.stream[following:following + length + 1]))[:length + 1])
        return torch.stack(rows)


@torch.no_grad()
def bits_per_character(model, chapters, tokenizer):
    """Bits for all tokens of the chapters (the end tokens too) by their characters; context 256 to 512 tokens."""
    model.eval()
    bits, characters, stride = 0.0, 0, LONG // 2
    for chapter in chapters:
        text = "\n".join(chapter)
        tokens = torch.tensor(tokenizer.encode(text) + [END])
        characters += len(text)
        scored = 1
        while scored < len(tokens):
            begin = max(0, scored - stride)
            window = tokens[begin:begin + LONG + 1]
            logits = model(window[None, :-1])[0]
            losses = functional.cross_entropy(logits, window[1:], reduction="none")
            bits += losses[scored - begin - 1:].double().sum().item() / math.log(2)
            scored = begin + len(window)
    model.train()
    return bits / characters


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2650, help="all steps, the decay included")
    parser.add_argument("--decay", type=int, default=900, help="the last steps, in which the rates fall to zero")
    parser.add_argument("--evaluate-every", type=int, default=250)
    parser.add_argument("--work", default=os.path.join(here, "work"), help="folder for checkpoints and the log")
    parser.add_argument("--resume", metavar="CHECKPOINT")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

    tokenizer = Tokenizer.load(os.path.join(here, "..", "language", "kjv.tokenizer.json"))
    training, held_out = corpus.split(corpus.chapters())
    windows = Windows(training, tokenizer)
    configuration = Configuration(vocabulary=len(tokenizer.pieces))
    model = LanguageModel(configuration)
    matrices = [p for p in model.layers.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    first = 0
    if options.resume:
        checkpoint = torch.load(options.resume)
        model.load_state_dict(checkpoint["model"])
        adam.load_state_dict(checkpoint["adam"])
        muon.momenta = checkpoint["muon"]
        first = checkpoint["step"]
        assert first <= options.steps - options.decay or checkpoint["steps"] == options.steps, "the decay has begun"

    log = open(os.path.join(options.work, "log.txt"), "a", buffering=1)

    def say(line):
        print(line, flush=True)
        log.write(line + "\n")

    say(f"{sum(p.numel() for p in model.parameters())} parameters, {len(windows.stream)} training tokens, "
        f"steps {first} to {options.steps}")
    started, average = time.time(), None
    for step in range(first, options.steps):
        remaining = options.steps - step
        rate = min(1.0, (step + 1) / WARM_UP, remaining / options.decay)
        torch.manual_seed(SEED * 2_000_003 + step)   # for the dropout
        rows = windows.batch(step, LONG if remaining <= options.decay else SHORT)
        hidden = model.hidden(rows[:, :-1])
        logits = hidden.reshape(-1, configuration.hidden) @ model.embedding.t()
        loss = functional.cross_entropy(logits, rows[:, 1:].reshape(-1))
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        muon.step(MATRIX_RATE * rate)
        for group in adam.param_groups:
            group["lr"] = OTHER_RATE * rate
        adam.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        done = step + 1
        if done % 50 == 0:
            say(f"step {done} loss {average:.4f} rate {rate:.3f} "
                f"{(done - first) * TOKENS_PER_STEP / (time.time() - started):.0f} tokens/s")
        if done % options.evaluate_every == 0 or done == options.steps:
            say(f"step {done} held-out bits per character "
                f"{bits_per_character(model, held_out, tokenizer):.4f} after {(time.time() - started) / 60:.1f} min")
            torch.save({"configuration": dataclasses.asdict(configuration), "model": model.state_dict(),
                        "adam": adam.state_dict(), "muon": muon.momenta, "step": done, "steps": options.steps},
                       os.path.join(options.work, f"step{done:05}.pt"))


if __name__ == "__main__":
    main()
