"""Generates text from a checkpoint and counts which of its words occur in the King James Bible.

    OMP_NUM_THREADS=1 /usr/bin/python3 evaluate_language_model.py work/step04000.pt

Needs the Debian packages python3-torch, bible-kjv and bible-kjv-text. The goal is 95 % of the words or more, greedy and
sampled. The last word of a text may be cut off by the token limit and does not count.
"""
import argparse
import os

import torch

import corpus
import language_model
from tokenizer import END, Tokenizer

PROMPTS = ["In the beginning", "And the LORD said unto", "Now there was a man", "Blessed are they that", "The words of",
           "And Jesus answered", "The king's servants", "O give thanks", "Behold, I send", "And it came to pass"]
# (name, temperature, top-k, top-p); temperature 0 is greedy
SETTINGS = [("greedy", 0.0, 0, 1.0), ("temperature 0.7, top-k 40", 0.7, 40, 1.0), ("temperature 0.8, top-p 0.9", 0.8, 0, 0.9),
            ("temperature 0.8, top-k 40, top-p 0.95", 0.8, 40, 0.95), ("temperature 1", 1.0, 0, 1.0)]
TOKENS = 200


def choose(logits, temperature, top_k, top_p, generator):
    if temperature == 0:
        return int(logits.argmax())
    values, order = (logits / temperature).sort(descending=True)
    if top_k:
        values, order = values[:top_k], order[:top_k]
    probabilities = values.softmax(-1)
    # Keeps the smallest set of the likeliest tokens that reaches top-p together.
    kept = max(1, int((probabilities.cumsum(-1) - probabilities < top_p).sum()))
    return int(order[torch.multinomial(probabilities[:kept], 1, generator=generator)])


@torch.no_grad()
def generate(model, tokenizer, prompt, setting, generator):
    tokens = tokenizer.encode(prompt)
    while len(tokens) < TOKENS:
        token = choose(model(torch.tensor([tokens]))[0, -1], *setting[1:], generator)
        if token == END:
            break
        tokens.append(token)
    return tokenizer.decode(tokens)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    model, checkpoint = language_model.load(options.checkpoint)
    here = os.path.dirname(os.path.abspath(__file__))
    tokenizer = Tokenizer.load(os.path.join(here, "..", "language", "kjv.tokenizer.json"))
    known = {word for chapter in corpus.chapters() for verse in chapter for word in corpus.words(verse)}
    print(f"step {checkpoint['step']}; {len(known)} different words in the corpus")
    for setting in SETTINGS:
        generator, found, total, strange = torch.Generator().manual_seed(7), 0, 0, []
        for index, prompt in enumerate(PROMPTS):
            text = generate(model, tokenizer, prompt, setting, generator)
            if index == 0:
                print(f"--- {setting[0]}\n{text}")
            words = corpus.words(text[len(prompt):])[:-1]
            total += len(words)
            found += sum(word in known for word in words)
            strange += [word for word in words if word not in known]
        print(f"=> {setting[0]}: {found} of {total} words are in the corpus, {100 * found / total:.2f} %; others: "
              f"{' '.join(strange[:12])}")


if __name__ == "__main__":
    main()
