using System.Reflection;
using Cameo.Tokenizers;

namespace Cameo.Models;

/// <summary>The vocabulary that the language model <see cref="KingJames"/> was trained with.</summary>
public static class KingJamesTokenizer
{
    /// <summary>Reads the vocabulary, which is part of this assembly.</summary>
    public static BytePairTokenizer Load()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("kjv.tokenizer.json")
            ?? throw new InvalidOperationException("The vocabulary of the language model is missing from its assembly.");
        byte[] json = new byte[stream.Length];
        stream.ReadExactly(json);
        return BytePairTokenizer.Parse(json);
    }
}
