namespace Cameo.Generator.Passes.Recognition;

/// <summary>Powers of up to three variables: what a factor of a <see cref="Polynomial"/> belongs to.</summary>
internal readonly record struct Term(int First, int Second = 0, int Third = 0)
{
    public int Degree => First + Second + Third;

    public static Term operator +(Term left, Term right) => new(left.First + right.First, left.Second + right.Second, left.Third + right.Third);
}
