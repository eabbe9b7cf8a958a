using System.Diagnostics;
using Cameo.Generator.Outlining;
using Xunit;

namespace Cameo.Tests.Outlining;

/// <summary>Sequences as letters; what is found is written as "a (bc)×3 d", a repetition that is cut off as "(abc)×3+ab".</summary>
public sealed class RepetitionFinderTests
{
    [Theory]
    [InlineData("abcdefgh", "abcdefgh")]
    [InlineData("abab", "abab")] // saves two, which is not worth a loop
    [InlineData("xabcabcabcy", "x(abc)×3y")]
    [InlineData("aaaaaa", "(a)×6")]
    [InlineData("xaabcaabcaabcz", "x(aabc)×3z")] // and not a pair of a in each
    [InlineData("eabcdabcdabcdah", "e(abcd)×3ah")] // the norm behind the last layer is no layer
    [InlineData("eabcdabcdabcdabch", "e(abcd)×3+abch")] // but most of one is
    [InlineData("abcabcabcxdedededey", "(abc)×3x(de)×4y")]
    [InlineData("ssssssxssssssxssssssx", "((s)×6x)×3")]
    public void RepetitionsAreFound(string sequence, string expected) => Assert.Equal(expected, Text(RepetitionFinder.Find([.. sequence.Select(static letter => (int)letter)]), sequence));

    [Fact]
    public void WhatIsFoundIsTheSequence()
    {
        var random = new Random(5);
        for (int trial = 0; trial < 300; trial++)
        {
            List<int> items = [];
            while (items.Count < 60)
            {
                int[] block = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(4))];
                for (int repetition = random.Next(1, 6); repetition > 0; repetition--)
                {
                    items.AddRange(block);
                }
            }

            int[] sequence = [.. items];
            Assert.Equal(sequence, Expand(RepetitionFinder.Find(sequence), 0).Select(position => sequence[position]));
            Assert.Equal(Enumerable.Range(0, sequence.Length), Expand(RepetitionFinder.Find(sequence), 0));
        }
    }

    [Fact]
    public void TimeIsNearLinear()
    {
        // An unrolled network of 100,000 kernels, and one of the same length in which short repetitions are everywhere.
        int[] steps = [.. Enumerable.Range(0, 17 * 6000).Select(static index => index % 17)];
        string word = "a";
        string next = "ab";
        while (next.Length < 100_000)
        {
            (word, next) = (next, next + word);
        }

        var watch = Stopwatch.StartNew();
        Assert.Single(RepetitionFinder.Find(steps));
        RepetitionFinder.Find([.. next.Select(static letter => (int)letter)]);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }

    private static string Text(IReadOnlyList<ScheduleNode> nodes, string sequence) => string.Concat(nodes.Select(node => node switch
    {
        ScheduleLoop { Remainder: > 0 } loop => $"({Text(loop.Body, sequence)})×{loop.Count}+{Text(loop.CutBody, sequence)}",
        ScheduleLoop loop => $"({Text(loop.Body, sequence)})×{loop.Count}",
        _ => sequence[node.Start].ToString(),
    }));

    /// <summary>The positions in order: those in repetitions are told by the first.</summary>
    private static IEnumerable<int> Expand(IReadOnlyList<ScheduleNode> nodes, int shift) => nodes.SelectMany(node => node is ScheduleLoop loop
        ? Enumerable.Range(0, loop.Count).SelectMany(repetition => Expand(loop.Body, shift + (repetition * loop.Period))).Concat(Expand(loop.CutBody, shift + (loop.Count * loop.Period)))
        : [node.Start + shift]);
}
