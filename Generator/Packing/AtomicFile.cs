using System.Runtime.InteropServices;

namespace Cameo.Generator.Packing;

/// <summary>
/// Files that appear whole or not at all: written under another name and renamed. Several builds may make the same file at once (target frameworks, an IDE beside a
/// command line); each gets a name of its own and the last rename wins.
/// </summary>
internal static class AtomicFile
{
    /// <summary>A name beside the file that no other process uses.</summary>
    public static string TemporaryName(string path) => path + "." + Guid.NewGuid().ToString("N").Substring(0, 8) + ".tmp";

    /// <summary>Puts a finished temporary file in place.</summary>
    public static void Replace(string temporary, string path) => Retry(() =>
    {
        if (File.Exists(path))
        {
            File.Replace(temporary, path, destinationBackupFileName: null);
        }
        else
        {
            File.Move(temporary, path);
        }
    });

    /// <summary>
    /// Puts a large finished temporary file in place. Where files may be renamed while they are in use the old one is moved out of the way first: some file systems (ext4, btrfs) write a
    /// file that replaces another one to disk before the rename returns, which took as long as packing it. For the moment between two renames there is no file.
    /// </summary>
    public static void ReplaceLarge(string temporary, string path)
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            Replace(temporary, path);
        }
        else
        {
            Retry(() => MoveAsideAndReplace(temporary, path));
        }
    }

    private static void MoveAsideAndReplace(string temporary, string path)
    {
        if (!File.Exists(path))
        {
            File.Move(temporary, path);
            return;
        }

        string old = TemporaryName(path);
        File.Move(path, old);
        try
        {
            File.Move(temporary, path);
        }
        catch when (!File.Exists(path))
        {
            File.Move(old, path);
            throw;
        }
        finally
        {
            File.Delete(old);
        }
    }

    private static void Retry(Action replace)
    {
        const int Attempts = 5;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                replace();
                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // Another build has just made or is just reading the file.
                Thread.Sleep(20 * attempt);
            }
        }
    }

    /// <summary>Writes a text unless the file has it already; then its time stamp stays, and nothing that depends on it is made again.</summary>
    /// <returns>Whether the file was written.</returns>
    public static bool WriteTextIfChanged(string path, string text)
    {
        if (File.Exists(path) && File.ReadAllText(path) == text)
        {
            return false;
        }

        string temporary = TemporaryName(path);
        try
        {
            File.WriteAllText(temporary, text);
            Replace(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return true;
    }
}
