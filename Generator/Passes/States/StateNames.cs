namespace Cameo.Generator.Passes.States;

/// <summary>What names tell of states: <c>past_x</c> and <c>present_x</c>, <c>h</c> and <c>hn</c>, <c>state</c> and <c>stateN</c>, <c>cache_in</c> and <c>cache_out</c>.</summary>
internal static class StateNames
{
    private static readonly HashSet<string> Before = new(StringComparer.Ordinal) { "in", "input", "past", "prev", "previous", "old", "init", "initial", "last", "0" };

    private static readonly HashSet<string> After = new(StringComparer.Ordinal) { "out", "output", "present", "next", "new", "cur", "current", "updated", "final", "n" };

    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "state", "states", "hidden", "cell", "memory", "mem", "mems", "cache", "caches", "past", "context", "ctx", "carry", "h", "c", "hn", "cn", "hx", "cx", "rnn", "lstm", "gru", "buffer", "history",
    };

    /// <summary>Whether an input's name says that it is a state.</summary>
    public static bool IsState(string input) => Tokens(input).Any(Words.Contains);

    /// <summary>Whether an input's name says that it is a cache of keys or values.</summary>
    public static bool IsCache(string input) => Tokens(input).Any(token => token is "past" or "cache" or "caches" or "kv");

    /// <summary>Whether an output's name is that of an input with the word for "before" replaced by one for "after".</summary>
    public static bool Correspond(string input, string output)
    {
        List<string> before = Stem(input, Before);
        List<string> after = Stem(output, After);
        if (before.Count != after.Count || before.Count == 0 || input == output)
        {
            return false;
        }

        for (int index = 0; index < before.Count; index++)
        {
            // "h" and "hn".
            if (before[index] != after[index] && (index != before.Count - 1 || before[index] + "n" != after[index]))
            {
                return false;
            }
        }

        return true;
    }

    private static List<string> Stem(string name, HashSet<string> words)
    {
        List<string> tokens = Tokens(name);
        List<string> stem = [.. tokens.Where(token => !words.Contains(token))];
        return stem.Count == 0 ? tokens : stem;
    }

    /// <summary>Words in lower case: split at punctuation, before capitals, and between letters and digits.</summary>
    private static List<string> Tokens(string name)
    {
        List<string> tokens = [];
        int start = 0;
        for (int index = 0; index <= name.Length; index++)
        {
            bool ends = index == name.Length || !char.IsLetterOrDigit(name[index]);
            bool begins = !ends && index > start && ((char.IsUpper(name[index]) && char.IsLower(name[index - 1])) || char.IsDigit(name[index]) != char.IsDigit(name[index - 1]));
            if ((ends || begins) && index > start)
            {
                tokens.Add(name.Substring(start, index - start).ToLowerInvariant());
            }

            start = ends ? index + 1 : begins ? index : start;
        }

        return tokens;
    }
}
