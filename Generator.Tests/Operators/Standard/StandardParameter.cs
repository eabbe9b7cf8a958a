namespace Cameo.Tests.Operators.Standard;

/// <summary>An input or output of an operator of the standard.</summary>
internal sealed record StandardParameter(string Name, bool IsOptional, bool IsVariadic, string Type)
{
    /// <summary>Reads "name:type", with "?" for an optional one and "*" for a variadic one behind the name.</summary>
    public static StandardParameter Parse(string word)
    {
        int colon = word.LastIndexOf(':');
        string name = word[..colon];
        return new StandardParameter(name.TrimEnd('?', '*'), name.EndsWith('?'), name.EndsWith('*'), word[(colon + 1)..]);
    }
}
