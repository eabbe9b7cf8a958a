using Cameo.Kernels;
using Xunit;

namespace Cameo.Tests.Operators.Strings;

/// <summary>Regular expressions against what RE2's documentation says of each construct.</summary>
public sealed class TextPatternTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("abc", "abc", true)]
    [InlineData("abc", "abcd", false)]
    [InlineData("a|ab", "ab", true)]
    [InlineData("a|", "", true)]
    [InlineData("(a|b)*c", "ababc", true)]
    [InlineData("a+?", "aaa", true)]
    [InlineData("(a*)*", "aaaa", true)]
    [InlineData("(a*)+b", "b", true)]
    [InlineData("a{2}", "aa", true)]
    [InlineData("a{2}", "aaa", false)]
    [InlineData("a{2,}", "aaaaa", true)]
    [InlineData("a{1,3}", "aaaa", false)]
    [InlineData("a{0}", "", true)]
    [InlineData("a{,2}", "a{,2}", true)]
    [InlineData("x{a}", "x{a}", true)]
    [InlineData("^abc$", "abc", true)]
    [InlineData("a$b", "ab", false)]
    [InlineData("a\\n^b", "a\nb", false)]
    [InlineData("(?m)a$\\n^b", "a\nb", true)]
    [InlineData("a.c", "a\nc", false)]
    [InlineData("(?s)a.c", "a\nc", true)]
    [InlineData("a[^b]c", "a\nc", true)]
    [InlineData(".", "😀", true)]
    [InlineData("[😀-😂]{2}", "😁😂", true)]
    [InlineData("\\x{1F600}", "😀", true)]
    [InlineData("\\x41\\102\\0", "AB\0", true)]
    [InlineData("\\d+", "٣", false)]
    [InlineData("\\pN+", "٣4", true)]
    [InlineData("\\p{Lu}\\p{^Lu}\\PL", "Éé1", true)]
    [InlineData("[\\d\\D]", "😀", true)]
    [InlineData("\\s", "\v", false)]
    [InlineData("[[:space:]]", "\v", true)]
    [InlineData("[[:^alpha:]x]+", "1x", true)]
    [InlineData("\\w", "é", false)]
    [InlineData("\\W", "é", true)]
    [InlineData("\\bcom\\b", "com", true)]
    [InlineData("a\\Bb", "ab", true)]
    [InlineData("a\\bb", "ab", false)]
    [InlineData("\\Aab\\z", "ab", true)]
    [InlineData("\\Qa.b\\E.", "a.bc", true)]
    [InlineData("\\Qa.b", "a.b", true)]
    [InlineData("(?i)straße", "STRAßE", true)]
    [InlineData("(?i)[^k]", "K", false)]
    [InlineData("(?i:a)b", "AB", false)]
    [InlineData("(?i:a)b", "Ab", true)]
    [InlineData("(a(?i)b)c", "aBc", true)]
    [InlineData("(a(?i)b)c", "aBC", false)]
    [InlineData("(?i)a(?-i)b", "Ab", true)]
    [InlineData("(?i)a(?-i)b", "AB", false)]
    [InlineData("(?P<name>a)(?<other>b)(?:c)", "abc", true)]
    [InlineData("[]a]+", "]a", true)]
    [InlineData("[a-]+", "a-", true)]
    [InlineData("[-a]+", "a-", true)]
    [InlineData("[a-c-e]+", "b-e", true)]
    [InlineData("[\\]\\-\\\\]+", "]-\\", true)]
    [InlineData("\\.\\*\\-", ".*-", true)]
    [InlineData("a]}", "a]}", true)]
    public void FullMatch(string pattern, string text, bool expected) => Assert.Equal(expected, new TextPattern(pattern).IsFullMatch(text));

    [Theory]
    [InlineData("a(")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("(*a)")]
    [InlineData("a**")]
    [InlineData("a{2}{3}")]
    [InlineData("a{1001}")]
    [InlineData("a{3,2}")]
    [InlineData("[b-a]")]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)")]
    [InlineData("(?<=a)")]
    [InlineData("(?!a)")]
    [InlineData("(?P<>a)")]
    [InlineData("(?i")]
    [InlineData("\\C")]
    [InlineData("\\Z")]
    [InlineData("\\p{Klingon}")]
    [InlineData("[[:foo:]]")]
    [InlineData("\\x{110000}")]
    [InlineData("\\xg0")]
    [InlineData("a\\")]
    [InlineData("\\_")]
    [InlineData("((a{1000}){1000}){1000}")]
    public void WhatIsNoExpressionIsRefused(string pattern) => Assert.Throws<ArgumentException>(() => new TextPattern(pattern));

    [Fact]
    public void DeepGroupsAreRefusedWithoutExhaustingTheStack() =>
        Assert.Throws<ArgumentException>(() => new TextPattern(new string('(', 100_000) + new string(')', 100_000)));

    [Theory]
    [InlineData("a|ab", "xxabab", 0, 2, 2)]
    [InlineData("a|ab", "xxabab", 3, 4, 2)]
    [InlineData("a*?", "aaa", 0, 0, 3)]
    [InlineData("b*", "aab", 0, 0, 0)]
    [InlineData("b*", "aab", 2, 2, 1)]
    [InlineData("^a", "aa", 1, -1, 0)]
    [InlineData("\\ba", "aa", 1, -1, 0)]
    [InlineData("abcd|bc|c", "abce", 0, 1, 2)]
    [InlineData("x", "", 0, -1, 0)]
    [InlineData("$", "ab", 0, 2, 0)]
    public void FirstAndLongest(string pattern, string text, int start, int index, int length)
    {
        bool found = new TextPattern(pattern).TryFind(text, start, out int actualIndex, out int actualLength);
        Assert.Equal((index >= 0, index, length), (found, actualIndex, actualLength));
    }

    [Fact]
    public void TimeStaysProportionalToTheText()
    {
        // Backtracking would take 2^64 steps.
        Assert.False(new TextPattern("(a?){64}a{64}b").IsFullMatch(new string('a', 128)));
        Assert.True(new TextPattern("(a+)+b").IsFullMatch(new string('a', 100_000) + "b"));
    }
}
