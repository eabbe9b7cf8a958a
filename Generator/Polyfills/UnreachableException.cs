using Microsoft.CodeAnalysis;

namespace System.Diagnostics;

/// <summary>Thrown where the program can't get to.</summary>
[Embedded]
internal sealed class UnreachableException(string message) : Exception(message)
{
    public UnreachableException()
        : this("The program reached code that was thought to be unreachable.")
    {
    }
}
