using Microsoft.CodeAnalysis;

namespace System.Diagnostics.CodeAnalysis;

/// <summary>The listed members are not null when the method returns.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property, AllowMultiple = true, Inherited = false)]
internal sealed class MemberNotNullAttribute(params string[] members) : Attribute
{
    public string[] Members { get; } = members;
}
